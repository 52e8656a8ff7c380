// Runs a chart with our interpreter and tells what it saw, in the words of the peer (qt_peer.cpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "differential/random_chart.h"
#include "script/data_model.h"

namespace fermata::differential {

// One line for the start and one for each event: "<active states>|<logs>".
using Trace = std::vector<std::string>;

class ChartRunner {
  public:
    ChartRunner();
    Trace run(const RandomChart& chart);

  private:
    std::unique_ptr<script::Runtime> runtime_;
};

}  // namespace fermata::differential

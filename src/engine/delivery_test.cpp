#include "engine/delivery.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace fermata::engine {
namespace {

// What is read after a client's event came, and before its run.
TEST(DeliveryQueueTest, WhatWasPromisedComesBeforeWhatWaitsForAnAnswer) {
    DeliveryQueue queue;
    const auto add = [&queue](const std::string& name, bool promised, bool waits) {
        auto delivery = std::make_unique<Delivery>();
        delivery->event.name = name;
        delivery->promised = promised;
        delivery->waiter = waits ? std::make_unique<Waiter>() : nullptr;
        if (promised) {
            queue.push_before_waiting(std::move(delivery));
        } else {
            queue.push(std::move(delivery));
        }
    };
    add("first", true, false);
    add("timer", false, false);
    add("direct", false, true);
    add("second", true, true);
    add("third", true, false);
    add("last", false, true);
    EXPECT_EQ(queue.size(), 6U);
    std::string order;
    while (const auto delivery = queue.pop()) {
        order += delivery->event.name + " ";
        EXPECT_EQ(queue.empty(), queue.size() == 0);
    }
    EXPECT_EQ(order, "first timer second third direct last ");
}

}  // namespace
}  // namespace fermata::engine

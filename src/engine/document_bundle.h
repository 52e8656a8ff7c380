// DocumentBundle: all texts that a chart was compiled from, as one stored document, so that
// recovery never needs the servers that they came from (docs/formats/session-record.md). Kept in
// the store under the chart's hash.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/record_format.h"
#include "scxml/loader.h"

namespace fermata::engine {

struct DocumentBundle {
    scxml::DocumentText document;
    // Also what could not be had (a <data src> that failed), so that the chart is the same again.
    scxml::ResourceSet resources;
};

std::string encode(const DocumentBundle& bundle, RecordFormat format);
// kCorrupt with field and offset.
Result<DocumentBundle> decode_bundle(std::string_view bytes);

}  // namespace fermata::engine

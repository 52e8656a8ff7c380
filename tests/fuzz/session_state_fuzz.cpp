// Session states as bytes: whatever decode() accepts must be written again and read back.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "scxml/loader.h"
#include "scxml/session_state.h"

namespace {

using namespace fermata;  // NOLINT(google-build-using-namespace): a program of one file

constexpr const char* kChart =
    "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' datamodel='null'>"
    "<parallel id='p'><history id='h' type='deep'><transition target='a1'/></history>"
    "<state id='a'><state id='a1'/><state id='a2'/></state>"
    "<state id='b'><invoke id='i' src='x.scxml'/><state id='b1'/><final id='b2'/></state>"
    "</parallel><state id='x'/></scxml>";

std::shared_ptr<const scxml::Chart> chart() {
    static const std::shared_ptr<const scxml::Chart> loaded = [] {
        scxml::DocumentText text;
        text.url = "file:///fuzz.scxml";
        text.bytes = kChart;
        return scxml::load(text, scxml::ResourceSet(), {}).chart;
    }();
    return loaded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    value::Reader reader(std::string_view(reinterpret_cast<const char*>(data), size));
    const Result<scxml::SessionState> state = scxml::decode(*chart(), reader);
    if (state) {
        value::Writer writer;
        scxml::encode(*state, *chart(), writer);
        value::Reader again(writer.bytes());
        FERMATA_CHECK(scxml::decode(*chart(), again).has_value());
    }
    return 0;
}

// BuiltinTable: the built-in objects of a realm by path ("Math.max", "Array.prototype.@@iterator"),
// so that a snapshot can name them instead of copying them.
//
// Threads: one owner at a time. Must go before its realm's context.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "script/quickjs_api.h"

namespace fermata::script {

class BuiltinTable {
  public:
    // Walks everything that can be reached from `builtins` by name.
    BuiltinTable(JSContext* context, JSValueConst builtins);
    BuiltinTable(const BuiltinTable&) = delete;
    BuiltinTable& operator=(const BuiltinTable&) = delete;
    ~BuiltinTable();

    // Null when the object is none.
    [[nodiscard]] const std::string* find_path(JSValueConst object) const {
        const auto found = paths_.find(js::pointer_of(object));
        return found == paths_.end() ? nullptr : &found->second;
    }
    // A new reference; undefined for an unknown path.
    [[nodiscard]] JSValue find_object(std::string_view path) const;

  private:
    void add(JSValueConst object, std::string path);
    void walk(JSValueConst object, const std::string& path);

    JSContext* context_;
    std::unordered_map<const void*, std::string> paths_;
    std::unordered_map<std::string, void*> objects_;  // each holds a reference
    std::vector<std::pair<void*, std::string>> waiting_;
};

}  // namespace fermata::script

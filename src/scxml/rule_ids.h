// Ids of everything the loader and the linter may say. Public: editors, CI filters and
// docs/reference/lint-rules.md (one section each, checked by a test) rely on them.
#pragma once

#include <array>
#include <string_view>

namespace fermata::scxml::rule {

// Reading
inline constexpr std::string_view kMalformedXml = "malformed-xml";
inline constexpr std::string_view kIncludeSyntax = "include-syntax";
inline constexpr std::string_view kIncludeLimit = "include-limit";
inline constexpr std::string_view kIncludeLoop = "include-loop";
inline constexpr std::string_view kIncludeUnavailable = "include-unavailable";
inline constexpr std::string_view kScriptUnavailable = "script-unavailable";
inline constexpr std::string_view kDataUnavailable = "data-unavailable";
inline constexpr std::string_view kUnavailableDialect = "unavailable-dialect";
// Checking: elements and attributes
inline constexpr std::string_view kWrongRoot = "wrong-root";
inline constexpr std::string_view kMissingNamespace = "missing-namespace";
inline constexpr std::string_view kWrongVersion = "wrong-version";
inline constexpr std::string_view kUnknownDatamodel = "unknown-datamodel";
inline constexpr std::string_view kUnknownElement = "unknown-element";
inline constexpr std::string_view kMisplacedElement = "misplaced-element";
inline constexpr std::string_view kRepeatedElement = "repeated-element";
inline constexpr std::string_view kMissingElement = "missing-element";
inline constexpr std::string_view kUnknownAction = "unknown-action";
inline constexpr std::string_view kUnknownAttribute = "unknown-attribute";
inline constexpr std::string_view kObsoleteAttribute = "obsolete-attribute";
inline constexpr std::string_view kMissingAttribute = "missing-attribute";
inline constexpr std::string_view kAttributeValue = "attribute-value";
inline constexpr std::string_view kConflict = "conflict";
inline constexpr std::string_view kUnexpectedText = "unexpected-text";
// Checking: states and their names
inline constexpr std::string_view kInvalidId = "invalid-id";
inline constexpr std::string_view kDuplicateId = "duplicate-id";
inline constexpr std::string_view kUnknownTarget = "unknown-target";
inline constexpr std::string_view kIllegalTarget = "illegal-target";
inline constexpr std::string_view kInitialState = "initial-state";
inline constexpr std::string_view kDefaultTransition = "default-transition";
inline constexpr std::string_view kAimlessTransition = "aimless-transition";
inline constexpr std::string_view kDocumentTransition = "document-transition";
// Linting
inline constexpr std::string_view kUnreachableState = "unreachable-state";
inline constexpr std::string_view kShadowedTransition = "shadowed-transition";
inline constexpr std::string_view kEndlessLoop = "endless-loop";
inline constexpr std::string_view kLonelyParallel = "lonely-parallel";
inline constexpr std::string_view kUnusedHistory = "unused-history";
inline constexpr std::string_view kSyntaxError = "syntax-error";
inline constexpr std::string_view kUndeclaredVariable = "undeclared-variable";
inline constexpr std::string_view kUnusedData = "unused-data";
inline constexpr std::string_view kUnknownInState = "unknown-in-state";
inline constexpr std::string_view kConditionAssigns = "condition-assigns";
inline constexpr std::string_view kBadDelay = "bad-delay";
inline constexpr std::string_view kUnknownSendType = "unknown-send-type";
inline constexpr std::string_view kUnknownInvoke = "unknown-invoke";
inline constexpr std::string_view kUnknownSendid = "unknown-sendid";
inline constexpr std::string_view kUnusedSendid = "unused-sendid";
inline constexpr std::string_view kReservedEvent = "reserved-event";

inline constexpr std::array kAll{
    kMalformedXml,       kIncludeSyntax,      kIncludeLimit,       kIncludeLoop,
    kIncludeUnavailable, kScriptUnavailable,  kDataUnavailable,    kUnavailableDialect,
    kWrongRoot,          kMissingNamespace,   kWrongVersion,       kUnknownDatamodel,
    kUnknownElement,     kMisplacedElement,   kRepeatedElement,    kMissingElement,
    kUnknownAction,      kUnknownAttribute,   kObsoleteAttribute,  kMissingAttribute,
    kAttributeValue,     kConflict,           kUnexpectedText,     kInvalidId,
    kDuplicateId,        kUnknownTarget,      kIllegalTarget,      kInitialState,
    kDefaultTransition,  kAimlessTransition,  kDocumentTransition, kUnreachableState,
    kShadowedTransition, kEndlessLoop,        kLonelyParallel,     kUnusedHistory,
    kSyntaxError,        kUndeclaredVariable, kUnusedData,         kUnknownInState,
    kConditionAssigns,   kBadDelay,           kUnknownSendType,    kUnknownInvoke,
    kUnknownSendid,      kUnusedSendid,       kReservedEvent,
};

}  // namespace fermata::scxml::rule

#include "base/status.h"

#include <array>
#include <cstddef>

namespace synap {
namespace {

// Five 5xx codes share -32603, as in tRPC; clients tell them apart by name.
// INTERNAL_SERVER_ERROR is not retriable: it is a defect of ours (a wrong statement, an exception)
// or damage, and fails the same way the next time.
constexpr std::array<CodeInfo, kCodeCount> kTable = {{
    {"PARSE_ERROR", -32700, 400, false},
    {"BAD_REQUEST", -32600, 400, false},
    {"UNAUTHORIZED", -32001, 401, false},
    {"PAYMENT_REQUIRED", -32002, 402, false},
    {"FORBIDDEN", -32003, 403, false},
    {"NOT_FOUND", -32004, 404, false},
    {"METHOD_NOT_SUPPORTED", -32005, 405, false},
    {"TIMEOUT", -32008, 408, true},
    {"CONFLICT", -32009, 409, false},
    {"PRECONDITION_FAILED", -32012, 412, false},
    {"PAYLOAD_TOO_LARGE", -32013, 413, false},
    {"UNSUPPORTED_MEDIA_TYPE", -32015, 415, false},
    {"UNPROCESSABLE_CONTENT", -32022, 422, false},
    {"PRECONDITION_REQUIRED", -32028, 428, false},
    {"TOO_MANY_REQUESTS", -32029, 429, true},
    {"CLIENT_CLOSED_REQUEST", -32099, 499, false},
    {"INTERNAL_SERVER_ERROR", -32603, 500, false},
    {"NOT_IMPLEMENTED", -32603, 501, false},
    {"BAD_GATEWAY", -32603, 502, true},
    {"SERVICE_UNAVAILABLE", -32603, 503, true},
    {"GATEWAY_TIMEOUT", -32603, 504, true},
}};

constexpr auto kCodes = [] {
  std::array<Code, kCodeCount> codes{};
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<Code>(i);
  return codes;
}();

}  // namespace

const CodeInfo& info(Code code) {
  return kTable[static_cast<std::size_t>(code)];
}

const Code* code_by_name(std::string_view name) {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].name == name) return &kCodes[i];
  }
  return nullptr;
}

bool Error::is_retriable() const {
  return fault != Fault::kDamaged && info(code).retriable;
}

}  // namespace synap

// A function as a line of a scenario says it:
//
//   function ID on TYPE [option]... : SCRIPT          SCRIPT: script_handler.h
//   option = "retries" COUNT | "delay" MILLISECONDS | "ordered" | "for" USER
//          | "listens"                                it does not fulfill the requests of its type
//          | "when" EXPRESSION                        condition of its trigger
//          | "idempotency" EXPRESSION | "rate" LIMIT PERIOD [by]
//          | "throttle" LIMIT PERIOD BURST [by] | "debounce" PERIOD [PERIOD_MAX] [by]
//          | "batch" SIZE PERIOD [by] | "singleton" ("skip" / "cancel") [by]
//          | "concurrency" LIMIT [by] | "cancel-on" TYPE ["if" EXPRESSION]
//          | "cron" SCHEDULE                          '_' for its spaces; its user is ann
//   by     = "by" EXPRESSION
//
// An expression has no spaces. TYPE is "-" for what no event triggers.
#pragma once

#include <string>

#include "bus/function.h"

namespace synap::scenarios {

struct FunctionLine {
  bus::Function function;
  std::string script;
};
/// CHECKs that the line is as above.
FunctionLine function_of(const std::string& line);

/// "10s"
std::chrono::milliseconds span_of(const std::string& text);

}  // namespace synap::scenarios

// The router of official-fixture.mjs in C++: the same paths, inputs, answers and pauses, so that
// what is sent to both can be compared. What JavaScript values become in JSON is written as such.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/json.h"
#include "rpc/procedure.h"
#include "trpc/server.h"

namespace synap::trpc::fixture {

class Context final : public rpc::Context {
 public:
  explicit Context(Json value) : value_(std::move(value)) {}
  const Json& value() const { return value_; }

 private:
  Json value_;
};

Task<Result<std::shared_ptr<const rpc::Context>>> create_context(const RequestInfo& request_info);

void add_procedures(rpc::ProcedureTable& table);

}  // namespace synap::trpc::fixture

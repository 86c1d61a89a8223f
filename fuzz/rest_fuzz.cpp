// Whatever a request to the REST form says, reading it ends and the answer is a value. Line ends
// part the method, the target's path, its query and the body. What a query says is an object of
// members that there are, each of its kind; what is refused is told in JSON.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "rest/parameters.h"
#include "rest/problem.h"
#include "rest/request.h"
#include "schema/schema.h"

namespace {

using namespace synap;

const Schema& flat() {
  static const auto schema = object("Flat")
                                 .field("s", optional(string()))
                                 .field("i", optional(integer()))
                                 .field("n", optional(number()))
                                 .field("b", optional(boolean()))
                                 .field("l", optional(array(string())))
                                 .field("m", optional(array(integer())));
  return schema;
}

const rpc::ProcedureTable& table() {
  static const auto* procedures = [] {
    auto* made = new rpc::ProcedureTable;
    const auto add = [&](std::string path, rpc::Kind kind, const Schema& input) {
      rpc::Procedure procedure{.path = std::move(path), .kind = kind, .input = input};
      procedure.is_tracked = kind == rpc::Kind::kSubscription;
      procedure.handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
        co_return rpc::Reply(rpc::Text());
      };
      made->add(std::move(procedure));
    };
    add("q", rpc::Kind::kQuery, flat());
    add("v", rpc::Kind::kQuery, Schema());
    add("m", rpc::Kind::kMutation, any());
    add("s", rpc::Kind::kSubscription, flat());
    return made;
  }();
  return *procedures;
}

void check_problem(const Error& error) {
  const auto text = rest::problem_text(error);
  SYNAP_CHECK(parse_json(text).has_value(), text);
}

void check_parameters(std::string_view query) {
  const auto input = rest::read_parameters(flat(), query);
  if (!input) return check_problem(input.error());
  for (const auto& [name, value] : input->as_object()) {
    const bool is_list = name == "l" || name == "m";
    SYNAP_CHECK(name.size() == 1 && std::string_view("sinblm").contains(name[0]), name);
    SYNAP_CHECK(value.is_array() == is_list, name);
    if (name == "s") SYNAP_CHECK(value.is_string(), name);
    if (name == "b") SYNAP_CHECK(value.is_string() || value.is_bool(), name);
    if (name == "n") SYNAP_CHECK(value.is_string() || value.is_number(), name);
  }
  if (auto valid = validate(flat(), *input); !valid) check_problem(valid.error());
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  net::Request request;
  request.method = next_line(bytes);
  request.path = "/api/" + std::string(next_line(bytes));
  request.query = next_line(bytes);
  request.headers.add("content-type", std::string(next_line(bytes)));
  request.headers.add("last-event-id", std::string(next_line(bytes)));
  request.body = bytes;
  check_parameters(request.query);
  rest::Target target;
  if (auto found = rest::find_target("/api", table(), request, target); !found) {
    check_problem(found.error());
    return 0;
  }
  const auto input = rest::read_input(*target.procedure, request);
  if (!input) check_problem(input.error());
  return 0;
}

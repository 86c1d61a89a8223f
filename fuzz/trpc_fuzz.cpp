// Whatever bytes arrive, reading them ends and the answer is a value. The first byte says which
// reader gets the rest; within HTTP, line ends part the path, query, content type and body.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "schema/schema.h"
#include "trpc/envelope.h"
#include "trpc/multipart.h"
#include "trpc/request.h"
#include "trpc/websocket_message.h"

namespace {

using namespace synap;

const rpc::ProcedureTable& table() {
  static const auto* procedures = [] {
    auto* made = new rpc::ProcedureTable;
    const auto add = [&](std::string path, rpc::Kind kind) {
      rpc::Procedure procedure;
      procedure.path = std::move(path);
      procedure.kind = kind;
      procedure.input = any();
      procedure.handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
        co_return rpc::Reply(rpc::Text());
      };
      made->add(std::move(procedure));
    };
    add("q", rpc::Kind::kQuery);
    add("m", rpc::Kind::kMutation);
    add("s", rpc::Kind::kSubscription);
    return made;
  }();
  return *procedures;
}

// What we say of it must be JSON, whatever it quotes.
void check_error(const Error& error, std::string_view path) {
  std::string text;
  trpc::append_error(text, {error, path, true});
  SYNAP_CHECK(parse_json(text).has_value(), text);
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

void read_http(std::string_view bytes, const char* method) {
  net::Request request;
  request.method = method;
  request.path = "/trpc/" + std::string(next_line(bytes));
  request.query = next_line(bytes);
  request.headers.add("content-type", std::string(next_line(bytes)));
  request.headers.add("last-event-id", std::string(next_line(bytes)));
  request.body = bytes;
  const trpc::Options options;
  const auto decoded = trpc::decode_request(options, table(), request);
  if (!decoded) return check_error(decoded.error(), "");
  const auto inputs = trpc::decode_inputs(*decoded, request);
  SYNAP_CHECK(inputs.size() == decoded->calls.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& call = decoded->calls[i];
    if (call.refusal) check_error(*call.refusal, call.path);
    if (!inputs[i]) check_error(inputs[i].error(), call.path);
  }
}

void read_websocket(std::string_view bytes) {
  (void)trpc::parse_connection_params_message(bytes);
  const auto frame = trpc::parse_client_frame(bytes, 100);
  if (!frame) return check_error(frame.error(), "");
  for (const auto& message : frame->messages) {
    const auto text =
        trpc::websocket_data(message.from, message.input ? message.input->dump() : rpc::Text());
    SYNAP_CHECK(parse_json(text).has_value(), text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_http(bytes, "GET");
      break;
    case 1:
      read_http(bytes, "POST");
      break;
    case 2:
      read_websocket(bytes);
      break;
    default:
      (void)trpc::parse_multipart("multipart/form-data; boundary=b", bytes);
  }
  return 0;
}

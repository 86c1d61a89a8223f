// The texts of the wire. Results are JSON text already and are copied, never parsed again.
//
//   success   {"result":{"data":X,"unknownKeys":[...]}}
//             without data where there is none (undefined); unknownKeys where the input had keys
//             that the procedure does not know
//   error     {"error":SHAPE}
//   SHAPE     {"message":"...","code":-32004,"data":{"code":"NOT_FOUND","httpStatus":404,
//              "path":"...", "details":{...}, "zodError":{...}|null, "unknownKeys":[...]}}
//             path where it is one call's error; details where the Error has more than issues
//   JSONL     head   {"0":[[0],[null,0,0]],"1":[[0],[null,0,1]]}
//             lines  [chunk,status,value]; value is [[JSON]], [[]] for undefined, or
//                    [[{"key":0}],["key",TYPE,chunk]] where another chunk follows:
//                    TYPE 0 one value (status 0), 1 a stream (status 1 item, 0 end, 2 error SHAPE)
//   SSE       as rpc/event_stream.h says
//             event unknown-keys: the array, before the first item
//   WebSocket {"id":ID[,"jsonrpc":"2.0"],"result":{"type":"data","data":X[,"id":ID]}}
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "rpc/procedure.h"

namespace synap::trpc {

/// An error and what is said with it.
struct ErrorView {
  const Error& error;
  std::optional<std::string_view> path = std::nullopt;
  bool with_zod_error = false;
  std::string_view unknown_keys = {};  // of the call's input: a JSON array, or empty
};

/// Appends SHAPE.
void append_error_shape(std::string& out, const ErrorView& view);

/// Append one answer of HTTP: an object, whole.
void append_error(std::string& out, const ErrorView& view);
void append_success(std::string& out, const rpc::Text& data, std::string_view unknown_keys = {});

// Lines of JSONL, each with its line end.
std::string jsonl_head(std::size_t calls);
std::string jsonl_success(std::size_t chunk, const rpc::Text& data,
                          std::string_view unknown_keys = {});
std::string jsonl_error(std::size_t chunk, const ErrorView& view);
/// The two lines that say: the result of call `call` is the stream `stream`.
std::string jsonl_stream(std::size_t call, std::size_t result, std::size_t stream,
                         std::string_view unknown_keys = {});
enum class JsonlStatus { kEnd = 0, kItem = 1 };
std::string jsonl_item(std::size_t stream, JsonlStatus status, const rpc::Text& data);
std::string jsonl_stream_error(std::size_t stream, const ErrorView& view);

/// An item without an id after one with an id: it clears the id that a browser would put on it,
/// and sets it again behind it.
std::string sse_item_restoring(const rpc::Item& item, std::string_view last_id);

/// Whose answer a message over WebSocket is: JSON text of the id, and whether to say jsonrpc.
struct Addressee {
  std::string id = "null";
  bool is_jsonrpc = false;
};
std::string websocket_error(const Addressee& to, const ErrorView& view);
std::string websocket_data(const Addressee& to, const rpc::Text& data,
                           std::string_view unknown_keys = {});
std::string websocket_item(const Addressee& to, const rpc::Item& item);
/// "started" or "stopped".
std::string websocket_state(const Addressee& to, std::string_view type,
                            std::string_view unknown_keys = {});

}  // namespace synap::trpc

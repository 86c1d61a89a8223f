#include "trpc/envelope.h"

#include "base/json.h"
#include "rpc/event_stream.h"
#include "schema/schema.h"

namespace synap::trpc {
namespace {

// More than there is around the data of an answer, ids aside.
constexpr std::size_t kFrameBytes = 96;

void append_number(std::string& out, std::size_t number) {
  append_json_number(out, static_cast<std::int64_t>(number));
}

// What the caller may want of the details besides the issues, which have a place of their own.
std::optional<Json> details_without_issues(const Error& error) {
  if (!error.details || !error.details->is_object()) return std::nullopt;
  Json rest = Json::object();
  for (const auto& [key, value] : error.details->as_object()) {
    if (key != "issues") rest.set(key, value);
  }
  if (rest.as_object().empty()) return std::nullopt;
  return rest;
}

// The convention of tRPC's manual for validation failures, which many forms read; null elsewhere.
void append_zod_error(std::string& out, const Error& error) {
  const Json* issues = error.details ? error.details->find("issues") : nullptr;
  if (error.code == Code::kBadRequest && issues != nullptr && issues->is_array()) {
    append_json(out, flatten_issues(*issues));
  } else {
    out += "null";
  }
}

void append_unknown_keys(std::string& out, std::string_view keys, std::string_view separator) {
  if (keys.empty()) return;
  out.append(separator).append("\"unknownKeys\":").append(keys);
}

// [[JSON]], or [[]] for undefined.
void append_encoded(std::string& out, const rpc::Text& data) {
  out += "[[";
  if (data) rpc::append_one_line(out, *data);
  out += "]]";
}

void open_line(std::string& out, std::size_t chunk, char status) {
  out += '[';
  append_number(out, chunk);
  out += ',';
  out += status;
  out += ',';
}

void open_message(std::string& out, const Addressee& to) {
  out += "{\"id\":";
  out += to.id;
  if (to.is_jsonrpc) out += ",\"jsonrpc\":\"2.0\"";
}

}  // namespace

void append_error_shape(std::string& out, const ErrorView& view) {
  const auto& known = info(view.error.code);
  out += "{\"message\":";
  append_json_string(out, view.error.message);
  out += ",\"code\":";
  append_json_number(out, std::int64_t{known.json_rpc});
  out += ",\"data\":{\"code\":";
  append_json_string(out, known.name);
  out += ",\"httpStatus\":";
  append_json_number(out, std::int64_t{known.http_status});
  if (view.path) {
    out += ",\"path\":";
    append_json_string(out, *view.path);
  }
  if (const auto details = details_without_issues(view.error)) {
    out += ",\"details\":";
    append_json(out, *details);
  }
  if (view.with_zod_error) {
    out += ",\"zodError\":";
    append_zod_error(out, view.error);
  }
  append_unknown_keys(out, view.unknown_keys, ",");
  out += "}}";
}

void append_error(std::string& out, const ErrorView& view) {
  out += "{\"error\":";
  append_error_shape(out, view);
  out += '}';
}

void append_success(std::string& out, const rpc::Text& data, std::string_view unknown_keys) {
  out.reserve(out.size() + kFrameBytes + (data ? data->size() : 0) + unknown_keys.size());
  out += "{\"result\":{";
  if (data) {
    out += "\"data\":";
    out += *data;
  }
  append_unknown_keys(out, unknown_keys, data ? "," : "");
  out += "}}";
}

std::string jsonl_head(std::size_t calls) {
  std::string out;
  char separator = '{';
  for (std::size_t i = 0; i < calls; ++i) {
    out += separator;
    separator = ',';
    out += '"';
    append_number(out, i);
    out += "\":[[0],[null,0,";
    append_number(out, i);
    out += "]]";
  }
  out += "}\n";
  return out;
}

std::string jsonl_success(std::size_t chunk, const rpc::Text& data, std::string_view unknown_keys) {
  std::string out;
  open_line(out, chunk, '0');
  out += "[[{\"result\":{";
  if (data) {
    out += "\"data\":";
    rpc::append_one_line(out, *data);
  }
  append_unknown_keys(out, unknown_keys, data ? "," : "");
  out += "}}]]]\n";
  return out;
}

std::string jsonl_error(std::size_t chunk, const ErrorView& view) {
  std::string out;
  open_line(out, chunk, '0');
  out += "[[";
  append_error(out, view);
  out += "]]]\n";
  return out;
}

std::string jsonl_stream(std::size_t call, std::size_t result, std::size_t stream,
                         std::string_view unknown_keys) {
  std::string out;
  open_line(out, call, '0');
  out += "[[{\"result\":0}],[\"result\",0,";
  append_number(out, result);
  out += "]]]\n";
  open_line(out, result, '0');
  out += "[[{\"data\":0";
  append_unknown_keys(out, unknown_keys, ",");
  out += "}],[\"data\",1,";
  append_number(out, stream);
  out += "]]]\n";
  return out;
}

std::string jsonl_item(std::size_t stream, JsonlStatus status, const rpc::Text& data) {
  std::string out;
  open_line(out, stream, status == JsonlStatus::kItem ? '1' : '0');
  append_encoded(out, data);
  out += "]\n";
  return out;
}

std::string jsonl_stream_error(std::size_t stream, const ErrorView& view) {
  std::string out;
  open_line(out, stream, '2');
  append_error_shape(out, view);
  out += "]\n";
  return out;
}

std::string sse_item_restoring(const rpc::Item& item, std::string_view last_id) {
  std::string out = rpc::sse_item(item);
  out.pop_back();
  out += "id: \n\nevent: restore-id\ndata: \nid: ";
  out.append(last_id).append("\n\n");
  return out;
}

std::string websocket_error(const Addressee& to, const ErrorView& view) {
  std::string out;
  open_message(out, to);
  out += ",\"error\":";
  append_error_shape(out, view);
  out += '}';
  return out;
}

std::string websocket_data(const Addressee& to, const rpc::Text& data,
                           std::string_view unknown_keys) {
  std::string out = websocket_item(to, rpc::Item{std::nullopt, data});
  if (unknown_keys.empty()) return out;
  out.resize(out.size() - std::string_view("}}").size());
  append_unknown_keys(out, unknown_keys, ",");
  return out.append("}}");
}

std::string websocket_item(const Addressee& to, const rpc::Item& item) {
  std::string out;
  const std::size_t ids = 2 * (item.id ? item.id->size() : 0) + to.id.size();
  out.reserve(kFrameBytes + ids + (item.data ? item.data->size() : 0));
  open_message(out, to);
  out += ",\"result\":{\"type\":\"data\"";
  if (item.id) {
    out += ",\"data\":{\"id\":";
    append_json_string(out, *item.id);
    if (item.data) out.append(",\"data\":").append(*item.data);
    out += "},\"id\":";
    append_json_string(out, *item.id);
  } else if (item.data) {
    out.append(",\"data\":").append(*item.data);
  }
  out += "}}";
  return out;
}

std::string websocket_state(const Addressee& to, std::string_view type,
                            std::string_view unknown_keys) {
  std::string out;
  open_message(out, to);
  out.append(",\"result\":{\"type\":\"").append(type).append("\"");
  append_unknown_keys(out, unknown_keys, ",");
  return out.append("}}");
}

}  // namespace synap::trpc

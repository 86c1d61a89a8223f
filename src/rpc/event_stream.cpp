#include "rpc/event_stream.h"

namespace synap::rpc {

void append_one_line(std::string& out, std::string_view json) {
  const auto start = out.size();
  out += json;
  // Inside of a string of JSON a line end is always escaped, so a raw one is only a blank.
  for (auto at = start; (at = out.find_first_of("\r\n", at)) != std::string::npos;) out[at] = ' ';
}

std::string sse_event(std::string_view name, std::string_view data) {
  std::string out;
  out.append("event: ").append(name).append("\ndata: ");
  append_one_line(out, data);
  out += "\n\n";
  return out;
}

std::string sse_item(const Item& item) {
  std::string out = "data: ";
  // The official server says `data: undefined` here, which its own client cannot read.
  append_one_line(out, item.data ? std::string_view(*item.data) : "null");
  if (item.id) out.append("\nid: ").append(*item.id);
  out += "\n\n";
  return out;
}

bool is_event_id(std::string_view id) {
  return !id.empty() && id.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
}

}  // namespace synap::rpc

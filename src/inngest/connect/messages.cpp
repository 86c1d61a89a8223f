#include "inngest/connect/messages.h"

#include <fmt/format.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "base/json.h"

namespace synap::inngest {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::pbf_writer;

// One field of a message. Whatever is not taken is passed over; so is one of another type than is
// asked for, as protobuf has it.
class Field {
 public:
  explicit Field(pbf_reader& reader) : reader_(reader) {}
  std::uint32_t number() const { return reader_.tag(); }

  void bytes_into(std::string_view& out) {
    if (!is(pbf_wire_type::length_delimited)) return;
    const auto view = reader_.get_view();
    out = {view.data(), view.size()};
  }
  void text_into(std::string_view& out) {
    bytes_into(out);
    if (valid_utf8_prefix(out) != out.size()) is_text_ = false;
  }
  // Not by get_bool(), which looks at a byte before it looks whether there is one (1.7.1).
  void into(bool& out) {
    if (is(pbf_wire_type::varint)) out = reader_.get_uint64() != 0;
  }
  // Of enums, too.
  void into(std::int64_t& out) {
    if (is(pbf_wire_type::varint)) out = reader_.get_int64();
  }
  // Whether all of its texts were some.
  bool end() {
    if (!is_taken_) reader_.skip();
    return is_text_;
  }

 private:
  bool is(pbf_wire_type type) {
    if (is_taken_ || reader_.wire_type() != type) return false;
    is_taken_ = true;
    return true;
  }

  pbf_reader& reader_;
  bool is_taken_ = false;
  bool is_text_ = true;
};

// False: these bytes are no message.
template <class Take>
bool read_fields(std::string_view bytes, Take take) {
  try {
    pbf_reader reader(bytes.data(), bytes.size());
    while (reader.next()) {
      Field field(reader);
      take(field);
      if (!field.end()) return false;
    }
    return true;
  } catch (const protozero::exception&) {
    return false;
  }
}

template <class Message, class Take>
std::optional<Message> read_as(std::string_view bytes, Take take) {
  Message message;
  if (!read_fields(bytes, [&](Field& field) { take(message, field); })) return std::nullopt;
  return message;
}

std::optional<WorkerApp> read_app(std::string_view bytes) {
  return read_as<WorkerApp>(bytes, [](WorkerApp& app, Field& field) {
    if (field.number() == 1) field.text_into(app.name);
    if (field.number() == 2) field.text_into(app.version);
    if (field.number() == 4) field.bytes_into(app.functions);
  });
}

void add_text(pbf_writer& writer, std::uint32_t number, std::string_view text) {
  if (!text.empty()) writer.add_bytes(number, text.data(), text.size());
}

}  // namespace

std::optional<WorkerMessage> read_message(std::string_view bytes) {
  return read_as<WorkerMessage>(bytes, [](WorkerMessage& message, Field& field) {
    if (field.number() == 1) {
      std::int64_t kind = 0;
      field.into(kind);
      message.kind = static_cast<MessageKind>(static_cast<std::int32_t>(kind));
    }
    if (field.number() == 2) field.bytes_into(message.payload);
  });
}

std::optional<WorkerConnect> read_worker_connect(std::string_view bytes) {
  bool is_whole = true;
  auto read = read_as<WorkerConnect>(bytes, [&](WorkerConnect& connect, Field& field) {
    std::string_view inner;
    switch (field.number()) {
      case 1:
        return field.text_into(connect.connection_id);
      case 2:
        return field.text_into(connect.instance_id);
      case 3:
        field.bytes_into(inner);
        is_whole = is_whole && read_fields(inner, [&](Field& of_auth) {
                     if (of_auth.number() == 1) of_auth.text_into(connect.session_token);
                   });
        return;
      case 5: {
        field.bytes_into(inner);
        auto app = read_app(inner);
        is_whole = is_whole && app && connect.apps.size() < kAppsOfWorkerMax;
        if (is_whole) connect.apps.push_back(*app);
        return;
      }
      case 6:
        return field.into(connect.is_ready_later);
      case 9:
        return field.text_into(connect.framework);
      case 11:
        return field.text_into(connect.sdk_version);
      case 12:
        return field.text_into(connect.sdk_language);
      case 14:
        return field.into(connect.concurrency_max);
      default:
        return;
    }
  });
  return is_whole ? read : std::nullopt;
}

std::optional<std::string_view> read_request_ack(std::string_view bytes) {
  return read_as<std::string_view>(bytes, [](std::string_view& id, Field& field) {
    if (field.number() == 1) field.text_into(id);
  });
}

std::optional<LeaseExtension> read_lease_extension(std::string_view bytes) {
  return read_as<LeaseExtension>(bytes, [](LeaseExtension& lease, Field& field) {
    if (field.number() == 1) field.text_into(lease.request_id);
    if (field.number() == 10) field.text_into(lease.lease_id);
  });
}

std::optional<WorkerReply> read_worker_reply(std::string_view bytes) {
  return read_as<WorkerReply>(bytes, [](WorkerReply& reply, Field& field) {
    switch (field.number()) {
      case 1:
        return field.text_into(reply.request_id);
      case 5:
        return field.into(reply.status);
      case 6:
        return field.bytes_into(reply.body);
      case 7:
        return field.into(reply.no_retry);
      case 8:
        return field.text_into(reply.retry_after);
      case 9:
        return field.text_into(reply.sdk_version);
      case 10:
        return field.into(reply.request_version);
      default:
        return;
    }
  });
}

bool is_start_request(std::string_view bytes) {
  return read_fields(bytes, [](Field&) {});
}

std::string write_message(MessageKind kind, std::string_view payload) {
  std::string out;
  pbf_writer writer(out);
  if (kind != MessageKind::kGatewayHello) writer.add_enum(1, static_cast<std::int32_t>(kind));
  add_text(writer, 2, payload);
  return out;
}

std::string write_ready(std::string_view heartbeat, std::string_view extend_lease) {
  std::string out;
  pbf_writer writer(out);
  add_text(writer, 1, heartbeat);
  add_text(writer, 2, extend_lease);
  return out;
}

std::string write_executor_request(const ExecutorRequest& request) {
  constexpr std::size_t kRest = 1'024;
  std::string out;
  out.reserve(request.payload.size() + kRest);
  pbf_writer message(out);
  message.add_enum(1, static_cast<std::int32_t>(MessageKind::kExecutorRequest));
  pbf_writer writer(message, 2);
  add_text(writer, 1, request.request_id);
  add_text(writer, 2, request.account_id);
  add_text(writer, 4, request.app_id);
  add_text(writer, 5, request.app_name);
  add_text(writer, 6, request.function_id);
  add_text(writer, 7, request.function_slug);
  add_text(writer, 8, request.step_id);
  add_text(writer, 9, request.payload);
  if (!request.traceparent.empty()) {
    // SDKs pass over what has no state.
    add_text(writer, 11,
             fmt::format(R"({{"traceparent":"{}","tracestate":""}})", request.traceparent));
  }
  add_text(writer, 12, request.run_id);
  add_text(writer, 13, request.lease_id);
  add_text(writer, 14, request.job_id);
  writer.commit();
  return out;
}

std::string write_start_response(const StartResponse& response) {
  std::string out;
  pbf_writer writer(out);
  add_text(writer, 1, response.connection_id);
  add_text(writer, 2, response.gateway_endpoint);
  add_text(writer, 3, response.gateway_group);
  add_text(writer, 4, response.session_token);
  add_text(writer, 5, response.sync_token);
  return out;
}

std::string write_request_id(std::string_view request_id) {
  std::string out;
  pbf_writer writer(out);
  add_text(writer, 1, request_id);
  return out;
}

std::string write_lease_ack(std::string_view request_id, std::string_view new_lease_id) {
  std::string out;
  pbf_writer writer(out);
  add_text(writer, 1, request_id);
  add_text(writer, 6, new_lease_id);
  return out;
}

}  // namespace synap::inngest

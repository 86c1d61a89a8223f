// The messages of Connect, the WebSocket protocol of workers: protobuf (proto3), as Inngest's SDKs
// have it. A field that is not listed here is passed over when it is read and never written.
//
//   ConnectMessage           1 kind (enum)  2 payload (bytes: what the kind says)
//
//   to the worker                     payload
//    0 GATEWAY_HELLO
//    2 GATEWAY_CONNECTION_READY       1 heartbeat_interval "10s"  2 extend_lease_interval "10s"
//    3 GATEWAY_EXECUTOR_REQUEST       1 request_id  2 account_id  3 env_id  4 app_id  5 app_name
//                                     6 function_id  7 function_slug  8 step_id
//                                     9 request_payload (JSON, call_body.h)
//                                     11 user_trace_ctx? (JSON {"traceparent", "tracestate"})
//                                     12 run_id  13 lease_id  14 job_id
//    7 WORKER_REPLY_ACK               1 request_id
//   10 GATEWAY_HEARTBEAT
//   11 GATEWAY_CLOSING
//   13 WORKER_REQUEST_EXTEND_LEASE_ACK  1 request_id  6 new_lease_id?; without one it is lost
//   14 SYNC_FAILED                    JSON {"error"}
//
//   from the worker
//    1 WORKER_CONNECT                 1 connection_id  2 instance_id  3 {1 session_token}
//                                     5 apps {1 name  2 version?  4 functions (JSON)}*
//                                     6 manual_readiness (bool)  9 framework  11 sdk_version
//                                     12 sdk_language  14 max_worker_concurrency? (int64)
//    4 WORKER_READY
//    5 WORKER_REQUEST_ACK             1 request_id
//    6 WORKER_REPLY                   SDKResponse: 1 request_id  5 status (enum: 0 is HTTP's 206,
//                                     1 is 200, 2 is 500)  6 body  7 no_retry (bool)
//                                     8 retry_after?  9 sdk_version  10 request_version (uint32)
//    8 WORKER_PAUSE
//    9 WORKER_HEARTBEAT
//   12 WORKER_REQUEST_EXTEND_LEASE    1 request_id  10 lease_id
//
//   of the routes beside it
//      StartRequest                   (nothing that is read)
//      StartResponse                  1 connection_id  2 gateway_endpoint  3 gateway_group
//                                     4 session_token  5 sync_token
//      FlushResponse                  1 request_id
//
// What is read points into the bytes that it was read from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synap::inngest {

enum class MessageKind : std::int32_t {
  kGatewayHello = 0,
  kWorkerConnect = 1,
  kConnectionReady = 2,
  kExecutorRequest = 3,
  kWorkerReady = 4,
  kRequestAck = 5,
  kReply = 6,
  kReplyAck = 7,
  kWorkerPause = 8,
  kWorkerHeartbeat = 9,
  kGatewayHeartbeat = 10,
  kGatewayClosing = 11,
  kExtendLease = 12,
  kExtendLeaseAck = 13,
  kSyncFailed = 14,
};

struct WorkerMessage {
  MessageKind kind = MessageKind::kGatewayHello;  // or one that is not known here
  std::string_view payload;
};

struct WorkerApp {
  std::string_view name;
  std::string_view version;
  std::string_view functions;
};

/// More than these are no message.
inline constexpr std::size_t kAppsOfWorkerMax = 100;

struct WorkerConnect {
  std::string_view connection_id;
  std::string_view instance_id;
  std::string_view session_token;
  std::vector<WorkerApp> apps;
  bool is_ready_later = false;  // it says when
  std::string_view framework;
  std::string_view sdk_version;
  std::string_view sdk_language;
  std::int64_t concurrency_max = 0;  // 0: it has not said
};

struct LeaseExtension {
  std::string_view request_id;
  std::string_view lease_id;
};

struct WorkerReply {
  std::string_view request_id;
  std::int64_t status = 0;
  std::string_view body;
  bool no_retry = false;
  std::string_view retry_after;
  std::string_view sdk_version;
  std::int64_t request_version = 0;
};

/// Nothing: it is no such message. Its texts are UTF-8.
std::optional<WorkerMessage> read_message(std::string_view bytes);
std::optional<WorkerConnect> read_worker_connect(std::string_view bytes);
/// Of WORKER_REQUEST_ACK: the id of the request.
std::optional<std::string_view> read_request_ack(std::string_view bytes);
std::optional<LeaseExtension> read_lease_extension(std::string_view bytes);
std::optional<WorkerReply> read_worker_reply(std::string_view bytes);
bool is_start_request(std::string_view bytes);

struct StartResponse {
  std::string_view connection_id;
  std::string_view gateway_endpoint;
  std::string_view gateway_group;
  std::string_view session_token;
  std::string_view sync_token;
};

struct ExecutorRequest {
  std::string_view request_id;
  std::string_view account_id;
  std::string_view app_id;
  std::string_view app_name;
  std::string_view function_id;
  std::string_view function_slug;
  std::string_view step_id;  // "step": the function from its beginning
  std::string_view payload;
  std::string_view run_id;
  std::string_view lease_id;
  std::string_view job_id;
  std::string_view traceparent = {};  // empty: nobody traces
};

std::string write_message(MessageKind kind, std::string_view payload = {});
std::string write_ready(std::string_view heartbeat, std::string_view extend_lease);
/// The whole message, which has a large payload.
std::string write_executor_request(const ExecutorRequest& request);
std::string write_start_response(const StartResponse& response);
/// Of WORKER_REPLY_ACK and of a FlushResponse.
std::string write_request_id(std::string_view request_id);
/// `new_lease_id` is empty where the lease is lost.
std::string write_lease_ack(std::string_view request_id, std::string_view new_lease_id);

}  // namespace synap::inngest

// ConnectSession: the conversation with one worker, on its connection's executor. Private to the
// folder.
//
//   gateway                              worker
//   HELLO                          -->
//                                  <--   WORKER_CONNECT within some seconds
//   CONNECTION_READY               -->   or SYNC_FAILED, and the connection ends
//                                  <--   WORKER_READY: it takes requests; WORKER_PAUSE: no more
//   EXECUTOR_REQUEST               -->
//                                  <--   REQUEST_ACK, EXTEND_LEASE ..., REPLY
//   REPLY_ACK, EXTEND_LEASE_ACK    -->
//                                  <--   HEARTBEAT, answered by one
//   CLOSING                        -->   when the pod ends, what was under way is done, or its time
//                                        is over
//
// What is no message ends the connection; a kind that is not known here is passed over.
#pragma once

#include <stop_token>
#include <string>

#include "inngest/connect/connect_server.h"

namespace synap::inngest {

class ConnectSession {
 public:
  ConnectSession(ConnectServer& server, const net::Request& request, net::WebSocket& socket)
      : server_(server), request_(request), socket_(socket) {}
  ConnectSession(const ConnectSession&) = delete;
  ConnectSession& operator=(const ConnectSession&) = delete;

  Task<void> run();

 private:
  Task<bool> connect();
  Task<Result<>> sync(const WorkerConnect& connect, const Asker& asker);
  Task<bool> read();
  Task<bool> write();
  Task<bool> watch();
  Task<void> drain();
  bool take(const WorkerMessage& message);
  Task<void> refuse(std::string why);
  Router& router() { return server_.rooms_.router; }

  ConnectServer& server_;
  const net::Request& request_;
  net::WebSocket& socket_;
  WorkerPtr worker_;
  std::stop_token key_ended_;
  SteadyClock::time_point heard_at_;
  std::stop_source over_;  // the connection has ended
};

}  // namespace synap::inngest

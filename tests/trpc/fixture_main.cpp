// trpc_fixture: the router of fixture_router.h behind Synap's own server, for conformance.test.mjs.
//
//   trpc_fixture --port N          0 is any free port; prints "listening N" when it serves
//
// Switches are environment variables, the same as of official-fixture.mjs: FMT=1 adds zodError,
// OVERRIDE=1, NOBATCH=1, MAXBATCH, MAXBODY, PING, INACT, MAXDUR, JPING (milliseconds), KA=1 with
// KAPING, ORIGINS (comma-separated). SIGUSR2 asks WebSocket clients to reconnect; SIGTERM ends it.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "fixture_router.h"
#include "net/server.h"

namespace {

using namespace synap;

long number_of(const char* variable, long otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
}

bool is_on(const char* variable) {
  return number_of(variable, 0) == 1;
}

std::chrono::milliseconds duration_of(const char* variable, long otherwise = 0) {
  return std::chrono::milliseconds(number_of(variable, otherwise));
}

trpc::Options options_of_environment() {
  trpc::Options options;
  options.create_context = trpc::fixture::create_context;
  options.zod_error = is_on("FMT");
  options.method_override = is_on("OVERRIDE");
  options.allow_batching = !is_on("NOBATCH");
  options.batch_max = static_cast<std::size_t>(number_of("MAXBATCH", 100));
  options.sse_ping = duration_of("PING");
  options.sse_client_inactivity = duration_of("INACT");
  options.sse_duration_max = duration_of("MAXDUR");
  options.jsonl_ping = duration_of("JPING");
  if (is_on("KA")) {
    options.websocket_keepalive = duration_of("KAPING", 200);
    options.websocket_pong_wait = std::chrono::milliseconds(100);
  }
  if (const char* origins = std::getenv("ORIGINS")) options.origins.allowed = {origins};
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  net::ServerOptions http;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--port") == 0) {
      http.port = static_cast<std::uint16_t>(std::strtol(argv[i + 1], nullptr, 10));
    }
  }
  http.body_bytes_max = static_cast<std::size_t>(number_of("MAXBODY", 10 << 20));
  std::setvbuf(stderr, nullptr, _IOLBF, 0);

  // Blocked before the first thread begins, so that all of them leave signals to this one.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR2}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  rpc::ProcedureTable table;
  trpc::fixture::add_procedures(table);
  trpc::Server server(options_of_environment(), table);
  net::HttpServer listener(http, server);
  if (const auto started = listener.start(); !started) {
    std::fprintf(stderr, "trpc_fixture: %s\n", started.error().message.c_str());
    return 1;
  }
  std::printf("listening %d\n", int{listener.port()});
  std::fflush(stdout);

  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGUSR2) server.ask_to_reconnect();
  listener.stop(std::chrono::seconds(2));
  return 0;
}

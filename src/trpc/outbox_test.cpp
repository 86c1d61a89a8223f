#include "trpc/outbox.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "base/executor.h"

namespace synap::trpc {
namespace {

using Then = net::WebSocket::Then;
using Writes = std::vector<std::pair<std::string, Then>>;

class RecordingSocket final : public net::WebSocket {
 public:
  Task<std::optional<Message>> read() override { co_return std::nullopt; }
  Task<bool> write(std::string_view text, Then then) override {
    writes.emplace_back(text, then);
    co_return true;
  }
  Task<void> close(std::uint16_t, std::string_view) override { co_return; }
  Task<bool> write_binary(std::string_view) override { co_return false; }
  void let_strangers_send(std::size_t) override {}
  void know(std::string name) override { account = std::move(name); }
  void abort() override {}

  Writes writes;
  std::string account;
};

TEST(Outbox, SaysWhichMessagesAreFollowedByOthers) {
  RecordingSocket socket;
  Outbox outbox(socket, 1'000);
  ThreadExecutor executor("test");
  auto body = [&]() -> Task<void> {
    for (const char* text : {"one", "two", "three"}) co_await outbox.put(text);
    outbox.seal();
    co_await outbox.run();
  };
  sync_wait(executor, body());
  EXPECT_EQ(socket.writes,
            (Writes{{"one", Then::kMore}, {"two", Then::kMore}, {"three", Then::kNothing}}));
}

}  // namespace
}  // namespace synap::trpc

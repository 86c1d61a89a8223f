#include "outbound/client.h"

#include <utility>

#include "base/check.h"
#include "outbound/engine.h"

namespace synap::outbound {
namespace {

Error stopped() {
  return {Code::kClientClosedRequest, "The request was stopped"};
}

// A transfer as the coroutine has it that awaits it: when this goes, the transfer is not wanted any
// more. Whether it had ended is the engine's business.
class Ride {
 public:
  Ride(std::shared_ptr<Engine> engine, std::shared_ptr<Transfer> transfer)
      : engine_(std::move(engine)), transfer_(std::move(transfer)) {
    engine_->submit(transfer_);
  }
  ~Ride() {
    if (!is_over_) cancel({Code::kClientClosedRequest, "The request is not wanted any more"});
  }
  Ride(const Ride&) = delete;
  Ride& operator=(const Ride&) = delete;

  void cancel(Error why) const { engine_->cancel(transfer_, std::move(why)); }
  Mailbox::Arrival arrival() { return transfer_->mailbox().arrival(); }
  Mailbox::Mail take() {
    auto mail = transfer_->mailbox().take();
    is_over_ = mail.outcome.has_value();
    if (mail.was_full) engine_->resume(transfer_);
    return mail;
  }

 private:
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<Transfer> transfer_;
  bool is_over_ = false;
};

// Called by whoever asks for the stop, on any thread.
struct OnStop {
  const Ride* ride;
  void operator()() const { ride->cancel(stopped()); }
};

// The coroutines have all that they need in their own frames: a Task begins when it is awaited, and
// the client may be gone by then.
Task<Result<Response>> send_by(std::shared_ptr<Engine> engine, Request request, Options options) {
  auto transfer =
      Transfer::make(std::move(request), options, Mailbox::Delivery::kWhole, engine->policy());
  if (!transfer) co_return fail(transfer.error());
  if (options.stop.stop_requested()) co_return fail(stopped());
  Ride ride(std::move(engine), std::move(*transfer));
  const std::stop_callback on_stop(options.stop, OnStop{&ride});
  co_await ride.arrival();
  auto mail = ride.take();
  if (!*mail.outcome) co_return fail(mail.outcome->error());
  co_return Response{*mail.head, std::move(mail.bytes)};
}

Stream<Chunk, Result<End>> stream_by(std::shared_ptr<Engine> engine, Request request,
                                     Options options) {
  auto transfer =
      Transfer::make(std::move(request), options, Mailbox::Delivery::kPieces, engine->policy());
  if (!transfer) co_return fail(transfer.error());
  if (options.stop.stop_requested()) co_return fail(stopped());
  Ride ride(std::move(engine), std::move(*transfer));
  const std::stop_callback on_stop(options.stop, OnStop{&ride});
  std::uint64_t bytes = 0;
  for (;;) {
    co_await ride.arrival();
    auto mail = ride.take();
    bytes += mail.bytes.size();
    if (mail.is_piece) co_yield Chunk{std::move(mail.head), std::move(mail.bytes)};
    if (!mail.outcome) continue;
    if (!*mail.outcome) co_return fail(mail.outcome->error());
    co_return End{bytes};
  }
}

}  // namespace

Client::Client(Policy policy, ClientOptions options) {
  SYNAP_CHECK(!policy.is_guarding() || options.proxy == Proxy::kNone,
              "behind a proxy nobody sees which address is reached");
  engine_ = std::make_shared<Engine>(Setup{std::move(policy), std::move(options)});
}

Client::~Client() {
  engine_->stop();
}

Task<Result<Response>> Client::send(Request request, Options options) {
  return send_by(engine_, std::move(request), std::move(options));
}

Stream<Chunk, Result<End>> Client::stream(Request request, Options options) {
  return stream_by(engine_, std::move(request), std::move(options));
}

Result<> Client::may_reach(std::string_view url) const {
  const auto parsed = parse_url(std::string(url));
  if (!parsed) return fail(parsed.error());
  return engine_->policy().check({parsed->host, parsed->port});
}

}  // namespace synap::outbound

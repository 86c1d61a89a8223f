#include "models/account.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/log.h"

namespace synap::models {
namespace {

constexpr std::chrono::minutes kSweepPause(1);
constexpr std::size_t kSweepPage = 100;
constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::max();

constexpr std::string_view kCalls = R"(
CREATE TABLE model_calls(
  id BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  day TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  until INTEGER NOT NULL,
  call TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX model_calls_of_user ON model_calls(user_id);
CREATE INDEX model_calls_until ON model_calls(until);
)";

// Of each user for whom calls were opened under a budget. Nodes of one pod look at a user's budget
// one after another: whoever changes the row first is waited for until its commit.
constexpr std::string_view kAccounts = R"(
CREATE TABLE model_accounts(
  user_id TEXT PRIMARY KEY,
  opened INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)";
constexpr std::string_view kTakeTurn =
    "INSERT INTO model_accounts(user_id, opened) VALUES ($1, 1) "
    "ON CONFLICT(user_id) DO UPDATE SET opened = model_accounts.opened + 1";

Error too_many(std::int64_t open) {
  return {Code::kTooManyRequests,
          fmt::format("{} calls of models are under way for you: wait for one to end", open)};
}

events::Envelope envelope_of(const KeptCall& kept) {
  events::Envelope envelope;
  envelope.user_id = kept.user_id;
  envelope.source = events::source_by_name(kept.source).value_or(events::Source::kSystem);
  using Kind = events::Actor::Kind;
  for (const auto kind : {Kind::kKey, Kind::kRun, Kind::kAgent}) {
    if (kept.actor_kind != events::actor_kind_name(kind)) continue;
    envelope.actor = events::Actor{kind, kept.actor_id.value_or(""), std::nullopt};
  }
  envelope.aggregate_id = account_of(kept.user_id);
  envelope.aggregate_type = kAccountType;
  if (kept.correlation_id) envelope.correlation_id = Uuid::parse(*kept.correlation_id);
  if (kept.causation_id) envelope.causation_id = Uuid::parse(*kept.causation_id);
  envelope.metadata = kept.metadata.value_or("");
  return envelope;
}

// A call that ended without anybody to say how: what was reserved for what it was asked is counted.
void interrupt(ModelCall& call, std::string_view finish) {
  call.finish = finish;
  call.error = info(Code::kClientClosedRequest).name;
}

}  // namespace

std::string Caller::key_id() const {
  if (key) return *key;
  const auto& actor = envelope.actor;
  return actor && actor->kind == events::Actor::Kind::kKey ? actor->id : "";
}

const ObjectSchema<KeptCall>& describe(Type<KeptCall>) {
  static const auto schema = object<KeptCall>("KeptModelCall")
                                 .field("call", &KeptCall::call)
                                 .field("userId", &KeptCall::user_id)
                                 .field("source", &KeptCall::source)
                                 .field("actorKind", &KeptCall::actor_kind)
                                 .field("actorId", &KeptCall::actor_id)
                                 .field("correlationId", &KeptCall::correlation_id)
                                 .field("causationId", &KeptCall::causation_id)
                                 .field("metadata", &KeptCall::metadata);
  return schema;
}

KeptCall kept_of(const Caller& caller, ModelCall call) {
  const auto& from = caller.envelope;
  KeptCall kept{.call = std::move(call),
                .user_id = from.user_id,
                .source = std::string(events::source_name(from.source))};
  if (from.actor) {
    kept.actor_kind = events::actor_kind_name(from.actor->kind);
    kept.actor_id = from.actor->id;
  }
  if (from.correlation_id) kept.correlation_id = from.correlation_id->to_string();
  if (from.causation_id) kept.causation_id = from.causation_id->to_string();
  if (!from.metadata.empty()) kept.metadata = from.metadata;
  return kept;
}

OpenCall& OpenCall::operator=(OpenCall&& other) noexcept {
  if (this == &other) return *this;
  drop();
  account_ = std::exchange(other.account_, nullptr);
  kept_ = std::move(other.kept_);
  return *this;
}

void OpenCall::drop() {
  auto* account = std::exchange(account_, nullptr);
  if (account == nullptr) return;
  if (kept_.call.finish.empty()) interrupt(kept_.call, "cancelled");
  account->settle_later(std::move(kept_));
}

std::vector<db::Database::Migration> Account::migrations() {
  return {{"models.1", kCalls},
          {"models.2", kAccounts},
          {"models.3", "ALTER TABLE model_calls ADD COLUMN chain BLOB"}};
}

Account::Account(const Rooms& rooms, Budget of_user, Budget of_key, Budget of_chain)
    : rooms_(rooms),
      of_user_(of_user),
      of_key_(of_key),
      of_chain_(of_chain),
      executor_(rooms.world.make_executor("models")) {}

Account::~Account() {
  stop();
}

// No other process has the database, so whatever is open is of one that has ended.
void Account::start(Left left) {
  auto all = [this]() -> Task<void> {
    while (co_await settle_left(kAnyTime)) {
    }
  };
  if (left == Left::kByEarlier) sync_wait(*executor_, all());
  const std::lock_guard lock(mutex_);
  if (!is_stopped_) background_.begin(sweep());
}

void Account::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  background_.stop();
}

Account::Taken Account::taken(db::Tx& tx, const std::string& user_id, const std::string& key_id,
                              const std::string& day) {
  Taken sum;
  const auto add = [&sum](db::Rows rows) {
    if (!rows.next()) return;
    sum.tokens += rows.integer(0);
    sum.cost += rows.integer(1);
  };
  add(tx.query(
      "SELECT coalesce(sum(input + output), 0), coalesce(sum(cost), 0) FROM model_usage_data "
      "WHERE user_id = $1 AND day >= $2 AND ($3 = '' OR key_id = $3)",
      user_id, day, key_id));
  add(
      tx.query("SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM model_calls "
               "WHERE user_id = $1 AND day >= $2 AND ($3 = '' OR key_id = $3)",
               user_id, day, key_id));
  return sum;
}

Task<Result<Account::Taken>> Account::taken_today(std::string user_id, std::string key_id) {
  const auto day = day_of(rooms_.world.unix_ms());
  co_return co_await rooms_.database.read(
      [&](db::Tx& tx) { return taken(tx, user_id, key_id, day); });
}

Account::TakenOfChain Account::taken_of_chain(db::Tx& tx, const std::string& user_id,
                                              const Uuid& chain) {
  const auto read = [](db::Rows rows) {
    return rows.next() ? Taken{rows.integer(0), rows.integer(1)} : Taken{};
  };
  return {
      .used = read(tx.query("SELECT tokens, cost FROM model_chains_data WHERE chain = $1", chain)),
      .held = read(tx.query("SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM "
                            "model_calls WHERE user_id = $1 AND chain = $2",
                            user_id, chain))};
}

std::optional<Error> Account::excess_of_chain(const TakenOfChain& taken, const Taken& more) const {
  const auto& [used, held] = taken;
  // What calls under way hold they may not take: then there is room when they have ended.
  const auto refuse = [](bool is_for_good, std::string_view what, auto most, auto so_far,
                         auto asked, std::string_view setting) {
    return Error{
        is_for_good ? Code::kUnprocessableContent : Code::kTooManyRequests,
        fmt::format("Runs of agents that follow from each other may take {} {} of models together: "
                    "{} are used or held by calls under way, and this call may take {} ({}){}",
                    most, what, so_far, asked, setting,
                    is_for_good ? "" : ": try again when those have ended"),
        std::make_shared<const Json>(Json::object({{"reason", "AGENT_LIMIT"}}))};
  };
  if (of_chain_.tokens) {
    const auto most = *of_chain_.tokens;
    const auto all = used.tokens + held.tokens;
    if (all + more.tokens > most) {
      return refuse(used.tokens + more.tokens > most, "tokens", most, all, more.tokens,
                    "agent_chain_tokens_max");
    }
  }
  if (of_chain_.cost) {
    const auto most = std::llround(*of_chain_.cost * 1e9);
    const auto all = used.cost + held.cost;
    if (all + more.cost > most) {
      return refuse(used.cost + more.cost > most, "(money)", *of_chain_.cost, money(all),
                    money(more.cost), "agent_chain_cost_max");
    }
  }
  return std::nullopt;
}

std::optional<Error> Account::excess(const Budget& budget, std::string_view whose,
                                     const Taken& taken, const Taken& more) {
  const auto refuse = [&](std::string_view what, auto most, auto used, auto asked) {
    return Error{
        Code::kPaymentRequired,
        fmt::format("The budget of {} for today (UTC) does not have this call of a model: of {} "
                    "{} a day {} are used or held by calls under way, and this one may take {}",
                    whose, most, what, used, asked),
        std::make_shared<const Json>(Json::object({{"reason", "MODEL_BUDGET"}}))};
  };
  if (budget.tokens && taken.tokens + more.tokens > *budget.tokens) {
    return refuse("tokens", *budget.tokens, taken.tokens, more.tokens);
  }
  if (budget.cost && taken.cost + more.cost > std::llround(*budget.cost * 1e9)) {
    return refuse("(money)", *budget.cost, money(taken.cost), money(more.cost));
  }
  return std::nullopt;
}

Task<Result<OpenCall>> Account::open(const Caller& caller, ModelCall call, Usage reserved,
                                     std::int64_t reserved_nanos, std::int64_t until) {
  call.call_id = rooms_.world.new_id().to_string();
  call.day = day_of(rooms_.world.unix_ms());
  if (caller.chain) call.chain = caller.chain->to_string();
  const auto& actor = caller.envelope.actor;
  const bool is_of_actor =
      actor && actor->kind == events::Actor::Kind::kKey && actor->id == caller.key_id();
  if (!is_of_actor) call.key = caller.key;
  if (caller.secrets > 0) call.secrets = caller.secrets;
  auto kept = kept_of(caller, std::move(call));
  // As the next start finds it, if nobody settles it before.
  auto left = kept;
  left.call.input = reserved.input;
  left.call.is_estimated = true;
  interrupt(left.call, "interrupted");
  std::string text;
  encode(text, left);
  const auto id = *Uuid::parse(kept.call.call_id);
  const auto key_id = caller.key_id();
  const Taken more{reserved.input + reserved.output, reserved_nanos};
  auto opened = co_await rooms_.database.write([&](db::Tx& tx) {
    const auto& user_id = kept.user_id;
    const bool has_chain = caller.chain && of_chain_.is_set();
    if (of_user_.is_set() || of_key_.is_set() || has_chain) tx.run(kTakeTurn, user_id);
    {
      auto rows = tx.query("SELECT count(*) FROM model_calls WHERE user_id = $1", user_id);
      const auto most = caller.chain ? kOpenOfUserMax : kOpenOfProgramsMax;
      const bool is_full = rows.next() && rows.integer(0) >= most;
      if (is_full && !caller.is_only_counted) return tx.abort(too_many(rows.integer(0)));
    }
    if (of_user_.is_set() && !caller.is_only_counted) {
      const auto sum = taken(tx, user_id, "", kept.call.day);
      if (auto error = excess(of_user_, "your user", sum, more)) return tx.abort(*error);
    }
    if (!key_id.empty() && of_key_.is_set() && !caller.is_only_counted) {
      const auto sum = taken(tx, user_id, key_id, kept.call.day);
      if (auto error = excess(of_key_, "your key", sum, more)) return tx.abort(*error);
    }
    if (has_chain) {
      const auto sum = taken_of_chain(tx, user_id, *caller.chain);
      if (auto error = excess_of_chain(sum, more)) return tx.abort(*error);
    }
    tx.run(
        "INSERT INTO model_calls(id, user_id, key_id, day, tokens, cost, until, call, chain) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id, user_id, key_id, kept.call.day, more.tokens, more.cost, until, text, caller.chain);
  });
  if (!opened) co_return fail(opened.error());
  co_return OpenCall(*this, std::move(kept));
}

Result<events::NewEvent> Account::event_of(const KeptCall& kept) const {
  return rooms_.types.make(kModelCalled, kept.call, envelope_of(kept));
}

void Account::settle(db::Tx& tx, const std::string& call_id, const events::NewEvent& event) const {
  const auto id = Uuid::parse(call_id).value_or(Uuid{});
  // Somebody else has settled it, as interrupted: once is enough.
  if (tx.run("DELETE FROM model_calls WHERE id = $1", id) == 0) return;
  events::Append append;
  append.events.push_back(event);
  rooms_.log.append(tx, append);
}

Task<Result<>> Account::settle(OpenCall call) {
  auto event = event_of(call.kept());
  if (!event) co_return fail(event.error());
  auto done = co_await rooms_.database.write(
      [&](db::Tx& tx) { settle(tx, call.kept().call.call_id, *event); });
  std::ignore = call.release();
  if (done) co_return Result<>{};
  write_log(LogLevel::kWarn, "models", "call {call} of a model is not in the log yet: {error}",
            {{"call", event->id().to_string()}, {"error", done.error().message}});
  co_return fail(done.error());
}

Task<void> Account::settle_alone(KeptCall kept) {
  std::ignore = co_await settle(OpenCall(*this, std::move(kept)));
}

void Account::settle_later(KeptCall kept) {
  const std::lock_guard lock(mutex_);
  if (!is_stopped_) background_.begin(settle_alone(std::move(kept)));
}

Task<void> Account::settle_at_end(std::chrono::milliseconds time,
                                  std::function<std::optional<OpenCall>()> end) {
  co_await rooms_.world.sleep_for(time, background_.token());
  if (auto over = end()) std::ignore = co_await settle(std::move(*over));
}

void Account::settle_after(std::chrono::milliseconds time,
                           std::function<std::optional<OpenCall>()> end) {
  const std::lock_guard lock(mutex_);
  if (!is_stopped_) background_.begin(settle_at_end(time, std::move(end)));
}

Task<bool> Account::settle_left(std::int64_t until) {
  auto left = co_await rooms_.database.read([until](db::Tx& tx) {
    std::vector<std::string> found;
    auto rows = tx.query("SELECT call FROM model_calls WHERE until <= $1 ORDER BY until LIMIT $2",
                         until, static_cast<std::int64_t>(kSweepPage));
    while (rows.next()) found.push_back(rows.text(0));
    return found;
  });
  std::optional<Error> error;
  if (!left) error = left.error();
  for (const auto& text : left.value_or(std::vector<std::string>{})) {
    auto json = parse_json(text);
    auto kept = json ? decode<KeptCall>(std::move(*json)) : fail(json.error());
    auto done = kept ? co_await settle(OpenCall(*this, std::move(*kept))) : fail(kept.error());
    if (!done) error = done.error();
    if (error) break;
  }
  if (error) {
    write_log_bounded(Same::kLine, LogLevel::kWarn, "models",
                      "calls of models that were cut short are not in the log yet: {error}",
                      {{"error", error->message}});
  }
  co_return !error && left->size() == kSweepPage;
}

Task<void> Account::sweep() {
  const auto stop = background_.token();
  while (!stop.stop_requested()) {
    while (co_await settle_left(rooms_.world.unix_ms())) {
    }
    co_await rooms_.world.sleep_for(kSweepPause, stop);
  }
}

}  // namespace synap::models

#include "features/language_models/language_models.h"

#include "base/clock.h"
#include "features/procedures.h"

namespace synap::features::language_models {
namespace {

using api::Session;

struct ShownProvider {
  std::string name;
  std::optional<std::string> wire;
  std::string model;
  std::optional<std::int64_t> dimension;
  std::optional<std::string> answered_at;
  std::optional<std::string> failed_at;
  std::optional<std::string> error;
};
const ObjectSchema<ShownProvider>& describe(Type<ShownProvider>) {
  static const auto schema =
      object<ShownProvider>("ModelProvider")
          .field("name", &ShownProvider::name)
          .field("wire", &ShownProvider::wire,
                 one_of({"chat-completions", "responses", "messages"}), "Of chat.")
          .field("model", &ShownProvider::model)
          .field("dimension", &ShownProvider::dimension, integer(), "Of embed: of its vectors.")
          .field("answeredAt", &ShownProvider::answered_at, string().datetime(),
                 "Last time, since the start.")
          .field("failedAt", &ShownProvider::failed_at, string().datetime(),
                 "Last time, since the start.")
          .field("error", &ShownProvider::error, string(), "Of then.");
  return schema;
}

struct ModelList {
  std::vector<ShownProvider> chat;
  std::vector<ShownProvider> embed;
};
const ObjectSchema<ModelList>& describe(Type<ModelList>) {
  static const auto schema =
      object<ModelList>("ModelList")
          .field("chat", &ModelList::chat, array(schema_of<ShownProvider>()),
                 "Asked in this order: the next where the one before fails. Empty: none is set.")
          .field("embed", &ModelList::embed, array(schema_of<ShownProvider>()),
                 "That make vectors of texts.");
  return schema;
}

struct UsageQuery {
  std::int64_t days = 30;
};
const ObjectSchema<UsageQuery>& describe(Type<UsageQuery>) {
  static const auto schema = object<UsageQuery>("ModelUsageQuery")
                                 .field_or("days", &UsageQuery::days, integer().min(1).max(366), 30,
                                           "So many days back, with today, by UTC.");
  return schema;
}

struct UsageOfDay {
  std::string day;
  std::string capability;
  std::string provider;
  std::string model;
  std::int64_t calls = 0;
  std::int64_t failed = 0;
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t cached = 0;
  double cost = 0;
};
const ObjectSchema<UsageOfDay>& describe(Type<UsageOfDay>) {
  static const auto schema =
      object<UsageOfDay>("ModelUsageOfDay")
          .field("day", &UsageOfDay::day, string(), "As 2026-11-27, UTC.")
          .field("capability", &UsageOfDay::capability, one_of({"chat", "embed"}))
          .field("provider", &UsageOfDay::provider)
          .field("model", &UsageOfDay::model)
          .field("calls", &UsageOfDay::calls)
          .field("failed", &UsageOfDay::failed, integer(), "Of calls.")
          .field("input", &UsageOfDay::input, integer(), "Tokens.")
          .field("output", &UsageOfDay::output, integer(), "Tokens.")
          .field("cached", &UsageOfDay::cached, integer(), "Of input.")
          .field("cost", &UsageOfDay::cost, number(), "By the prices of the settings.");
  return schema;
}

struct BudgetLeft {
  std::optional<std::int64_t> tokens;
  std::optional<std::int64_t> tokens_left;
  std::optional<double> cost;
  std::optional<double> cost_left;
};
const ObjectSchema<BudgetLeft>& describe(Type<BudgetLeft>) {
  static const auto schema =
      object<BudgetLeft>("ModelBudget")
          .field("tokens", &BudgetLeft::tokens, integer(), "A day; absent: as many as one likes.")
          .field("tokensLeft", &BudgetLeft::tokens_left, integer(),
                 "Of today: without what calls under way may take.")
          .field("cost", &BudgetLeft::cost, number(), "A day; absent: as much as one likes.")
          .field("costLeft", &BudgetLeft::cost_left, number());
  return schema;
}

struct UsageList {
  std::vector<UsageOfDay> days;
  BudgetLeft user;
  BudgetLeft key;
};
const ObjectSchema<UsageList>& describe(Type<UsageList>) {
  static const auto schema =
      object<UsageList>("ModelUsageList")
          .field("days", &UsageList::days, array(schema_of<UsageOfDay>()),
                 "Of all your keys, the newest day first.")
          .field("user", &UsageList::user, schema_of<BudgetLeft>(), "Of all your keys together.")
          .field("key", &UsageList::key, schema_of<BudgetLeft>(), "Of the key that asks.");
  return schema;
}

ShownProvider shown(const models::Models& models, const models::Provider& provider, bool is_chat) {
  ShownProvider shown{.name = provider.name, .model = provider.model};
  if (is_chat) {
    shown.wire = wire_name(provider.wire);
  } else {
    shown.dimension = static_cast<std::int64_t>(provider.dimension);
  }
  const auto health = models.health(provider);
  if (health.answered_at != 0) shown.answered_at = to_iso8601(health.answered_at);
  if (health.failed_at != 0) {
    shown.failed_at = to_iso8601(health.failed_at);
    shown.error = health.error;
  }
  return shown;
}

Task<Result<ModelList>> list(const Rooms& rooms, Session) {
  ModelList list;
  const auto& options = rooms.models.options();
  for (const auto& one : options.chat) list.chat.push_back(shown(rooms.models, one, true));
  for (const auto& one : options.embed) list.embed.push_back(shown(rooms.models, one, false));
  co_return list;
}

BudgetLeft left_of(const models::Budget& budget, const models::Account::Taken& taken) {
  BudgetLeft left{.tokens = budget.tokens, .cost = budget.cost};
  if (budget.tokens) left.tokens_left = std::max<std::int64_t>(0, *budget.tokens - taken.tokens);
  if (budget.cost) left.cost_left = std::max(0.0, *budget.cost - models::money(taken.cost));
  return left;
}

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
// A day has a row for each model, of which there are few, but those of settings before.
constexpr int kRowsMax = 5'000;

Task<Result<UsageList>> usage(const Rooms& rooms, Session session, UsageQuery input) {
  auto& account = rooms.models.account();
  const auto from = models::day_of(rooms.models.world().unix_ms() - (input.days - 1) * kDayMs);
  auto list = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    UsageList list;
    auto rows = tx.query(
        "SELECT day, capability, provider, model, sum(calls), sum(failed), sum(input), "
        "sum(output), sum(cached), sum(cost) FROM model_usage WHERE day >= $1 GROUP BY day, "
        "capability, provider, model ORDER BY day DESC, capability, provider, model LIMIT $2",
        from, kRowsMax);
    while (rows.next()) {
      list.days.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.integer(4),
                           rows.integer(5), rows.integer(6), rows.integer(7), rows.integer(8),
                           models::money(rows.integer(9))});
    }
    return list;
  });
  if (!list) co_return fail(list.error());
  const auto key_id = caller_of(session).key_id();
  auto of_user = co_await account.taken_today(session.user_id(), "");
  if (!of_user) co_return fail(of_user.error());
  list->user = left_of(account.of_user(), *of_user);
  if (key_id.empty()) co_return list;
  auto of_key = co_await account.taken_today(session.user_id(), key_id);
  if (!of_key) co_return fail(of_key.error());
  list->key = left_of(account.of_key(), *of_key);
  co_return list;
}

}  // namespace

void add(const Rooms& rooms) {
  rooms.types.add(models::kModelCalled,
                  "A language model was called for somebody: what it took, and how it ended.");
  rooms.projections.add(models::usage_projection());
  rooms.projections.add(models::chains_projection());
  add_generating(rooms);
  add_query(rooms, "models.list",
            {.summary = "Which language models are set, and how they were last time."}, list);
  add_query(rooms, "models.usage",
            {.summary = "What your calls of language models took, by day and model, and what is "
                        "left of today's budget.",
             .docs = "Days are of UTC.",
             .reach = rpc::Reach::kPod},
            usage);
}

}  // namespace synap::features::language_models

#include "inngest/access.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/access_events.h"
#include "api/session_cookie.h"
#include "inngest/gateway.h"
#include "inngest/signature.h"
#include "net/ascii.h"
#include "net/origins.h"

namespace synap::inngest {
namespace {

constexpr std::string_view kApiKeyPrefix = "synap_";

constexpr int kUsersTogether = 500;
constexpr std::size_t kHashCharacters = 64;

// As the Python SDK shows a signing key.
bool is_hash(std::string_view bearer) {
  return bearer.size() == kHashCharacters &&
         std::ranges::all_of(bearer, [](char c) { return net::hex_value(c) >= 0; });
}

// A UUID without its dashes, as a signing key has it.
std::optional<std::string> uuid_text(std::string_view hex) {
  if (hex.size() != 32) return std::nullopt;
  const auto text = fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4),
                                hex.substr(12, 4), hex.substr(16, 4), hex.substr(20));
  const auto id = Uuid::parse(text);
  return id ? std::optional(id->to_string()) : std::nullopt;
}

}  // namespace

Result<Asker> Access::by_api_key(const net::Request& head, std::string_view key,
                                 std::string_view scope) {
  auto actor = keys_.authenticate(key, head.peer);
  if (!actor) return fail(actor.error());
  if (auto admitted = keys_.admit(**actor); !admitted) return fail(admitted.error());
  if (!(*actor)->scopes.allow(scope)) {
    return fail(Code::kForbidden, fmt::format("This key is not good for {}", scope));
  }
  return Asker{(*actor)->user_id, (*actor)->recorded, *actor};
}

Task<Result<Asker>> Access::keyless(const net::Request& head) {
  if (!options_.is_dev) {
    co_return fail(Code::kUnauthorized,
                   "A key is needed: an API key of this pod as event key (INNGEST_EVENT_KEY), and "
                   "the signing key that apps.keys tells (INNGEST_SIGNING_KEY)");
  }
  if (!net::is_loopback_name(head.peer) && !head.peer.starts_with("127.")) {
    co_return fail(Code::kUnauthorized, "Without a key only this machine itself may call");
  }
  // This machine is this pod, too: what it asks on behalf of an app is not its owner's.
  const auto* agent = head.headers.find("user-agent");
  const bool is_of_gateway = agent != nullptr && agent->contains(kGatewayAgent);
  if (is_of_gateway || head.headers.find("x-inngest-signature") != nullptr) {
    co_return fail(Code::kUnauthorized, "A request that this pod makes for an app needs a key");
  }
  if (net::is_of_other_page(head.headers, options_.public_url)) {
    co_return fail(
        Code::kForbidden,
        "A web page of another origin needs a key: whoever opens it did not ask for this");
  }
  auto owner = co_await keys_.find_owner();
  if (!owner) co_return fail(owner.error());
  if (!*owner) co_return fail(Code::kUnauthorized, "This pod has no owner");
  co_return Asker{**owner, std::nullopt};
}

Task<Result<Asker>> Access::by_event_key(const net::Request& head, std::string_view key) {
  if (key.starts_with(kApiKeyPrefix)) co_return by_api_key(head, key, "events:write");
  auto asker = co_await keyless(head);
  if (!asker && !key.empty() && asker.error().code == Code::kUnauthorized) {
    co_return fail(Code::kUnauthorized, "Event key not found: it is an API key of this pod");
  }
  co_return asker;
}

Task<Result<std::optional<std::string>>> Access::user_of(std::string environment) {
  const auto id = uuid_text(environment).value_or(environment);
  auto user = co_await keys_.find_user(id);
  if (!user) co_return fail(user.error());
  if (!*user) co_return std::optional<std::string>();
  co_return std::optional<std::string>((*user)->id);
}

void Access::observe(events::EventLog& log) {
  log.observe([this](db::Tx& tx, std::span<const events::EventRef> events) {
    for (const auto& event : events) {
      if (event->type != api::kUserCreationCompleted.name) continue;
      const auto made = events::data_of(*event, api::kUserCreationCompleted);
      if (made) tx.on_commit([this, user_id = (*made)->user_id] { add_user(user_id); });
    }
  });
}

void Access::hear(const events::Event& event) {
  if (event.type != api::kUserCreationCompleted.name) return;
  if (const auto made = events::data_of(event, api::kUserCreationCompleted)) {
    add_user((*made)->user_id);
  }
}

Task<Result<>> Access::load() {
  std::string after;
  for (bool is_last = false; !is_last;) {
    auto page = co_await keys_.list_users(after, kUsersTogether);
    if (!page) co_return fail(page.error());
    for (const auto& user : page->items) add_user(after = user.id);
    is_last = page->is_last;
  }
  co_return Result<>{};
}

void Access::add_user(const std::string& user_id) {
  const auto hashed = apps_.key_of(user_id).hashed();
  const std::lock_guard lock(mutex_);
  users_by_hash_.emplace(hashed.substr(hashed.size() - kHashCharacters), user_id);
}

std::optional<std::string> Access::user_of_hash(std::string_view bearer) const {
  const std::lock_guard lock(mutex_);
  const auto known = users_by_hash_.find(std::string(bearer));
  return known != users_by_hash_.end() ? std::optional(known->second) : std::nullopt;
}

Task<Result<Asker>> Access::by_signing_key(const net::Request& head, std::string_view scope) {
  const auto bearer = std::string(api::bearer_token(head.headers));
  if (bearer.starts_with(kApiKeyPrefix)) co_return by_api_key(head, bearer, scope);
  const auto environment = environment_of(bearer);
  if (is_hash(bearer)) {
    if (auto user = user_of_hash(bearer)) {
      co_return Asker{std::move(*user), events::Actor::key("signing-key")};
    }
  }
  // In development an SDK without a key says "undefined", or nothing.
  if (environment.empty()) co_return co_await keyless(head);
  auto user = co_await user_of(environment);
  if (!user) co_return fail(user.error());
  if (!*user || !apps_.key_of(**user).is_shown_by(bearer)) {
    co_return fail(Code::kUnauthorized,
                   "The signing key is none of this pod's: apps.keys tells yours");
  }
  co_return Asker{**user, events::Actor::key("signing-key")};
}

}  // namespace synap::inngest

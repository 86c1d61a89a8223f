// Sessions of browsers, and the links that begin them.
#include <fmt/format.h>

#include <algorithm>

#include "api/access_events.h"
#include "api/keys.h"
#include "base/log.h"

namespace synap::api {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::unexpected<Error> link_not_valid() {
  return fail(
      Code::kUnauthorized,
      "This link is not good any more: it works once, and for 15 minutes. `synap open` makes "
      "another");
}

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// A link that ends later was made by a clock that was ahead: it is not good, now or when that time
// has come. Clocks of nodes differ, so not quite as soon as it could be told.
std::int64_t latest_end(std::int64_t now) {
  return now + 2 * Keys::kLinkMax.count();
}

std::int64_t sooner(std::int64_t one, std::optional<std::int64_t> other) {
  return other ? std::min(one, *other) : one;
}

}  // namespace

// Links are not in the log: they are nobody's business for longer than some minutes.
std::vector<db::Database::Migration> Keys::migrations() {
  auto all = KeyUses::migrations();
  all.push_back({"sign_in_links.1", R"(
CREATE TABLE sign_in_links_data(
  hash BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  maker TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_links_by_user ON sign_in_links_data(user_id, expires_at);
)"});
  return all;
}

std::string path_of_link(std::string_view token) {
  return fmt::format("/#token={}", token);
}

KeyOptions Keys::session_of(const ActorRef& whose) const {
  KeyOptions options{.name = "session",
                     .scopes = whose->scopes,
                     .kind = KeyKind::kSession,
                     .parent = live_.key_behind(whose->recorded.id)};
  options.expires_at = sooner(live_.now() + kSessionMax.count(), live_.end_of(options.parent));
  return options;
}

// The sessions that give way are revoked in the append that begins the new one. Several who sign in
// at once may be a few too many, until the next does.
Task<Result<NewKey>> Keys::begin_session(ActorRef whose, std::optional<ActorRef> instead_of,
                                         std::function<void(db::Tx&)> decide) {
  constexpr int kEndedMax = 50;
  const AccessRequest request{.actor = *whose};
  auto ended = co_await database_.read([&, now = live_.now()](db::Tx& tx) {
    std::vector<std::string> ids;
    auto rows = tx.query(
        "SELECT id FROM api_keys_data WHERE user_id = $1 AND kind = 'session' "
        "AND revoked_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT $3 OFFSET $4",
        whose->user_id, now, kEndedMax, kSessionsMax - 1);
    while (rows.next()) ids.push_back(rows.text(0));
    return ids;
  });
  if (!ended) co_return fail(ended.error());
  if (instead_of && (*instead_of)->user_id == whose->user_id) {
    const auto& id = (*instead_of)->recorded.id;
    if (std::ranges::find(*ended, id) == ended->end()) ended->push_back(id);
  }
  auto session = make_key(whose->user_id, session_of(whose), request);
  if (!session) co_return fail(session.error());
  std::vector<events::NewEvent> events = {std::move(session->event)};
  for (const auto& id : *ended) {
    auto end = types_.make(kKeyRevocationCompleted, KeyRevoked{id},
                           envelope_of(request, whose->user_id, "key", id));
    if (!end) co_return fail(end.error());
    events.push_back(std::move(*end));
  }
  co_return co_await append(std::move(session->key), std::move(events), request, std::move(decide));
}

Task<Result<NewKey>> Keys::create_session(ActorRef whose, std::optional<ActorRef> instead_of) {
  co_return co_await begin_session(std::move(whose), std::move(instead_of), nullptr);
}

Task<Result<NewLink>> Keys::create_link(ActorRef whose) {
  std::uint8_t secret[kSecretBytes];
  random_bytes(secret, sizeof secret);
  NewLink link{fmt::format("{}{}", kLinkPrefix,
                           to_base64url({reinterpret_cast<const char*>(secret), sizeof secret}))};
  const auto now = live_.now();
  link.expires_at = sooner(now + kLinkMax.count(), live_.end_of(whose->recorded.id));
  const auto hash = sha256(link.token);
  auto written = co_await database_.write([&](db::Tx& tx) {
    check_asker(tx, {.actor = *whose});
    tx.run(
        "DELETE FROM sign_in_links_data "
        "WHERE user_id = $1 AND (expires_at <= $2 OR expires_at > $3)",
        whose->user_id, now, latest_end(now));
    {
      auto rows =
          tx.query("SELECT count(*) FROM sign_in_links_data WHERE user_id = $1", whose->user_id);
      if (rows.next() && rows.integer(0) >= kLinksMax) {
        return tx.abort({Code::kPreconditionFailed,
                         fmt::format("A user has at most {} links that were not used; each is good "
                                     "for 15 minutes",
                                     kLinksMax),
                         nullptr});
      }
    }
    tx.run(
        "INSERT INTO sign_in_links_data(hash, user_id, maker, expires_at) VALUES ($1, $2, $3, $4)",
        db::Blob{bytes_of(hash)}, whose->user_id, whose->recorded.id, link.expires_at);
  });
  if (!written) co_return fail(written.error());
  auto end = links_end_.load();
  while (end < link.expires_at && !links_end_.compare_exchange_weak(end, link.expires_at)) {
  }
  co_return link;
}

Task<Result<ActorRef>> Keys::find_link(std::string token, std::string_view peer) {
  std::string maker;
  // A stranger's token costs no query while there is no link that it could be.
  if (live_.now() < links_end_) {
    const auto hash = sha256(token);
    auto found = co_await database_.read([&, now = live_.now()](db::Tx& tx) {
      auto rows = tx.query(
          "SELECT maker FROM sign_in_links_data "
          "WHERE hash = $1 AND expires_at > $2 AND expires_at <= $3",
          db::Blob{bytes_of(hash)}, now, latest_end(now));
      return rows.next() ? rows.text(0) : std::string();
    });
    if (!found) co_return fail(found.error());
    maker = *std::move(found);
  }
  auto whose = live_.find_by_id(maker);
  if (whose) co_return whose;
  refused_.add();
  write_log_bounded(Same::kMessage, LogLevel::kInfo, "api", "a sign-in link was refused",
                    {{"peer", peer}});
  co_return link_not_valid();
}

// What cannot be taken away now is tried again; why, the database has told.
Task<void> Keys::forget_links(std::stop_token stop) {
  constexpr std::chrono::minutes kLookEvery(1);
  while (co_await world_.sleep_for(kLookEvery, stop)) {
    const auto latest = latest_end(live_.now());
    auto end = links_end_.load();
    if (end <= latest) continue;
    const auto gone = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      tx.run("DELETE FROM sign_in_links_data WHERE expires_at > $1", latest);
    });
    if (gone && end != kNotKnown) links_end_.compare_exchange_strong(end, latest);
  }
}

// The link goes and the session begins in one commit: of two that use it at once, one finds none.
Task<Result<NewKey>> Keys::use_link(std::string token, std::optional<ActorRef> instead_of) {
  auto whose = co_await find_link(token);
  if (!whose) co_return fail(whose.error());
  const auto decide = [hash = sha256(token), now = live_.now()](db::Tx& tx) {
    const std::int64_t gone = tx.run(
        "DELETE FROM sign_in_links_data "
        "WHERE hash = $1 AND expires_at > $2 AND expires_at <= $3",
        db::Blob{bytes_of(hash)}, now, latest_end(now));
    if (gone == 0) tx.abort(link_not_valid().error());
  };
  co_return co_await begin_session(std::move(*whose), std::move(instead_of), decide);
}

}  // namespace synap::api

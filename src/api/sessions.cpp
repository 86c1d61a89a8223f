// Sessions of browsers, and the links that begin them.
#include <fmt/format.h>

#include <algorithm>

#include "api/keys.h"

namespace synap::api {
namespace {

constexpr std::string_view kLinkPrefix = "synap_link_";
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
  key_id TEXT NOT NULL,
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

Task<Result<NewKey>> Keys::create_session(ActorRef whose) {
  co_return co_await create_key(whose->user_id, session_of(whose), {.actor = *whose});
}

Task<Result<NewLink>> Keys::create_link(ActorRef whose) {
  std::uint8_t secret[kSecretBytes];
  random_bytes(secret, sizeof secret);
  NewLink link{fmt::format("{}{}", kLinkPrefix,
                           to_base64url({reinterpret_cast<const char*>(secret), sizeof secret}))};
  const auto now = live_.now();
  const auto key_id = live_.key_behind(whose->recorded.id);
  link.expires_at = sooner(now + kLinkMax.count(), live_.end_of(key_id));
  const auto hash = sha256(link.token);
  auto written = co_await database_.write([&](db::Tx& tx) {
    tx.run("DELETE FROM sign_in_links_data WHERE user_id = $1 AND expires_at <= $2", whose->user_id,
           now);
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
        "INSERT INTO sign_in_links_data(hash, user_id, key_id, expires_at) "
        "VALUES ($1, $2, $3, $4)",
        db::Blob{bytes_of(hash)}, whose->user_id, key_id, link.expires_at);
  });
  if (!written) co_return fail(written.error());
  links_end_ = std::max(links_end_.load(), link.expires_at);
  co_return link;
}

// The link goes and the session begins in one commit: of two that use it at once, one finds none.
Task<Result<NewKey>> Keys::use_link(std::string token) {
  if (live_.now() >= links_end_) co_return link_not_valid();
  const auto hash = sha256(token);
  auto key_id = co_await database_.read([&](db::Tx& tx) {
    auto rows =
        tx.query("SELECT key_id FROM sign_in_links_data WHERE hash = $1", db::Blob{bytes_of(hash)});
    return rows.next() ? rows.text(0) : std::string();
  });
  if (!key_id) co_return fail(key_id.error());
  const auto whose = live_.find_by_id(*key_id);
  if (!whose) co_return link_not_valid();
  const AccessRequest request{.actor = **whose};
  auto session = make_key((*whose)->user_id, session_of(*whose), request);
  if (!session) co_return fail(session.error());
  const auto decide = [&hash, now = live_.now()](db::Tx& tx) {
    const auto gone = tx.run("DELETE FROM sign_in_links_data WHERE hash = $1 AND expires_at > $2",
                             db::Blob{bytes_of(hash)}, now);
    if (gone == 0) tx.abort(link_not_valid().error());
  };
  std::vector<events::NewEvent> one = {std::move(session->event)};
  co_return co_await append(std::move(session->key), std::move(one), request, decide);
}

}  // namespace synap::api

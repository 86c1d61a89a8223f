#include "features/access/access.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "api/access_events.h"
#include "api/metrics_page.h"
#include "base/clock.h"
#include "features/command.h"
#include "features/procedures.h"

namespace synap::features::access {
namespace {

using api::Session;
using rpc::Effects;

constexpr int kPageMax = 500;
constexpr std::size_t kIdMax = 128;
constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1'000;
constexpr int kDaysMax = 36'500;  // so that the year keeps its four digits
constexpr const char* kWhoseDocs = "Of another user; for owners. Default: yourself.";

struct Health {
  std::string status = "ok";
};
const ObjectSchema<Health>& describe(Type<Health>) {
  static const auto schema =
      object<Health>("Health").field("status", &Health::status, one_of({"ok"}));
  return schema;
}

struct ListUsers {
  std::int64_t limit = 100;
  std::optional<std::string> cursor;
};
const ObjectSchema<ListUsers>& describe(Type<ListUsers>) {
  static const auto schema =
      object<ListUsers>("ListUsers")
          .field_or("limit", &ListUsers::limit, integer().min(1).max(kPageMax), 100)
          .field("cursor", &ListUsers::cursor, string().max(kIdMax).nullish(),
                 "The nextCursor of the page before.");
  return schema;
}

struct UserList {
  std::vector<api::UserInfo> users;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<UserList>& describe(Type<UserList>) {
  static const auto schema =
      object<UserList>("UserList")
          .field("users", &UserList::users, array(schema_of<api::UserInfo>()), "The oldest first.")
          .field("nextCursor", &UserList::next_cursor, string(), "Absent on the last page.");
  return schema;
}

struct CreateUser {
  std::string name;
  std::string role;
};
const ObjectSchema<CreateUser>& describe(Type<CreateUser>) {
  static const auto schema =
      object<CreateUser>("CreateUser")
          .field("name", &CreateUser::name, string().min(1).max(100))
          .field_or("role", &CreateUser::role, one_of({"owner", "member"}), "member");
  return schema;
}

struct CreateKey {
  std::string name;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::string> expires_at;
  std::optional<std::int64_t> expires_in_days;
  std::optional<std::string> user_id;
};
const ObjectSchema<CreateKey>& describe(Type<CreateKey>) {
  static const auto schema =
      object<CreateKey>("CreateKey")
          .field("name", &CreateKey::name, string().min(1).max(100), "To recognise it by.")
          .field(
              "scopes", &CreateKey::scopes,
              array(string()
                        .max(api::Scopes::kCharactersMax)
                        .pattern(
                            R"(^(\*|propose|(\*|[A-Za-z0-9_]+):(\*|read|write|propose))$)",
                            api::is_scope,
                            "a scope, as notes:read, notes:propose, notes:*, *:read, propose or *"))
                  .min(1)
                  .max(api::Scopes::kCountMax),
              "What it may do: notes:read, notes:write, notes:propose, notes:*, *:read, propose, "
              "or "
              "* for everything. "
              "Absent: the same as the key that asks.")
          .field("expiresAt", &CreateKey::expires_at, string().datetime(), "Default: never.")
          .field("expiresInDays", &CreateKey::expires_in_days, integer().min(1).max(kDaysMax),
                 "It ends after so many days. Absent: never, unless expiresAt says when.")
          .field("userId", &CreateKey::user_id, string().min(1).max(kIdMax), kWhoseDocs);
  return schema;
}

struct CreatedKey {
  std::string user_id;
  std::string key_id;
  std::optional<std::string> key;
  bool is_repeat = false;
};
const ObjectSchema<CreatedKey>& describe(Type<CreatedKey>) {
  static const auto schema =
      object<CreatedKey>("CreatedKey")
          .field("userId", &CreatedKey::user_id, string())
          .field("keyId", &CreatedKey::key_id, string().uuid())
          .field("key", &CreatedKey::key, string(),
                 "Shown this once; nobody can say it again. Absent in a repeat.")
          .field("isRepeat", &CreatedKey::is_repeat, boolean(),
                 "The Idempotency-Key was used before: this is what was made then, without the "
                 "key. If nobody has it, revoke it and make another.");
  return schema;
}

struct ListKeys {
  std::optional<std::string> user_id;
  std::string kind;
  std::int64_t limit = 100;
  std::optional<std::string> cursor;
};
const ObjectSchema<ListKeys>& describe(Type<ListKeys>) {
  static const auto schema =
      object<ListKeys>("ListKeys")
          .field("userId", &ListKeys::user_id, string().min(1).max(kIdMax), kWhoseDocs)
          .field_or("kind", &ListKeys::kind, one_of({"key", "session"}), "key",
                    "Sessions are those of browsers, which are signed in by a key or a link.")
          .field_or("limit", &ListKeys::limit, integer().min(1).max(kPageMax), 100)
          .field("cursor", &ListKeys::cursor, string().uuid().nullish(),
                 "The nextCursor of the page before.");
  return schema;
}

struct KeyList {
  std::vector<api::KeyInfo> keys;
  std::optional<std::string> next_cursor;
};
const ObjectSchema<KeyList>& describe(Type<KeyList>) {
  static const auto schema =
      object<KeyList>("KeyList")
          .field("keys", &KeyList::keys, array(schema_of<api::KeyInfo>()), "The oldest first.")
          .field("nextCursor", &KeyList::next_cursor, string().uuid(), "Absent on the last page.");
  return schema;
}

struct SignInLink {
  std::string token;
  std::string path;
  std::string expires_at;
};
const ObjectSchema<SignInLink>& describe(Type<SignInLink>) {
  static const auto schema =
      object<SignInLink>("SignInLink")
          .field("token", &SignInLink::token, string(), "Shown this once.")
          .field("path", &SignInLink::path, string(),
                 "The link, from the pod's address on: \"/#token=...\". What stands behind the # "
                 "is sent to no server and kept in no log.")
          .field("expiresAt", &SignInLink::expires_at, string().datetime());
  return schema;
}

struct RevokeKey {
  std::string key_id;
  std::optional<std::string> user_id;
};
const ObjectSchema<RevokeKey>& describe(Type<RevokeKey>) {
  static const auto schema =
      object<RevokeKey>("RevokeKey")
          .field("keyId", &RevokeKey::key_id, string().uuid())
          .field("userId", &RevokeKey::user_id, string().min(1).max(kIdMax), kWhoseDocs);
  return schema;
}

struct Revoked {
  bool revoked = true;
};
const ObjectSchema<Revoked>& describe(Type<Revoked>) {
  static const auto schema =
      object<Revoked>("Revoked").field("revoked", &Revoked::revoked, boolean());
  return schema;
}

// Whose keys are meant: the caller's own, or for owners those of whom they name.
Result<std::string> whose(const Session& session, const std::optional<std::string>& user_id) {
  if (!user_id || *user_id == session.user_id()) return session.user_id();
  if (session.actor->role == api::Role::kOwner) return *user_id;
  return fail(Code::kForbidden, "Only an owner of the pod may name another user");
}

template <class Input>
api::AccessRequest request_of(const Session& session, std::string_view procedure,
                              const Input& input) {
  api::AccessRequest request{session.actor, session.idempotency_key, {}, session.cause,
                             session.reason};
  if (!request.idempotency_key.empty()) {
    request.fingerprint_of = fmt::format("{}\n{}", procedure, json_text(input));
  }
  return request;
}

// A name that neither a procedure nor /metrics asks for is a slip of the pen, and its key would be
// good for nothing.
Result<> check_groups(const Rooms& rooms, const std::vector<std::string>& scopes) {
  constexpr auto kOfMetrics = api::MetricsPage::kScope;
  std::set<std::string, std::less<>> groups = {
      "*", "propose", std::string(kOfMetrics.substr(0, kOfMetrics.find(':')))};
  for (const auto* procedure : rooms.procedures.all()) {
    if (procedure->is_public()) continue;
    const auto scope = rpc::scope_of(*procedure);
    groups.insert(scope.substr(0, scope.find(':')));
  }
  for (const auto& scope : scopes) {
    if (groups.contains(scope.substr(0, scope.find(':')))) continue;
    return fail(Code::kBadRequest, fmt::format("\"{}\" is about nothing that there is here: {}",
                                               scope, fmt::join(groups, ", ")));
  }
  return {};
}

Result<std::optional<std::int64_t>> end_of(const Rooms& rooms, const CreateKey& input) {
  std::optional<std::int64_t> end;
  if (input.expires_at && input.expires_in_days) {
    return fail(Code::kBadRequest, "Say expiresAt or expiresInDays, not both");
  }
  if (input.expires_in_days) end = rooms.keys.now() + *input.expires_in_days * kDayMs;
  if (!input.expires_at) return end;
  end = parse_iso8601(*input.expires_at);
  if (!end) return fail(Code::kBadRequest, "expiresAt is no time");
  if (*end <= rooms.keys.now()) {
    return fail(Code::kBadRequest, fmt::format("expiresAt is over already; it is {} now",
                                               to_iso8601(rooms.keys.now())));
  }
  return end;
}

Result<api::KeyOptions> options_of(const Rooms& rooms, const Session& session,
                                   const CreateKey& input) {
  api::KeyOptions options{.name = input.name, .scopes = session.actor->scopes};
  if (input.scopes) {
    auto scopes = api::Scopes::parse(*input.scopes);
    if (!scopes) return fail(scopes.error());
    if (auto known = check_groups(rooms, *input.scopes); !known) return fail(known.error());
    options.scopes = std::move(*scopes);
  }
  auto end = end_of(rooms, input);
  if (!end) return fail(end.error());
  options.expires_at = *end;
  return options;
}

Result<CreatedKey> shown(Result<api::NewKey> made) {
  if (!made) return fail(made.error());
  CreatedKey created{made->user_id, made->key_id, std::nullopt, made->is_repeat};
  if (!made->is_repeat) created.key = std::move(made->key);
  return created;
}

Task<Result<UserList>> list_users(const Rooms& rooms, Session, ListUsers input) {
  auto page =
      co_await rooms.keys.list_users(input.cursor.value_or(""), static_cast<int>(input.limit));
  if (!page) co_return fail(page.error());
  UserList list{std::move(page->items), std::nullopt};
  if (!page->is_last) list.next_cursor = list.users.back().id;
  co_return list;
}

Task<Result<CreatedKey>> create_user(const Rooms& rooms, Session session, CreateUser input) {
  const auto role = api::role_by_name(input.role).value_or(api::Role::kMember);
  co_return shown(co_await rooms.keys.create_user(input.name, role,
                                                  request_of(session, "users.create", input)));
}

Task<Result<CreatedKey>> create_key(const Rooms& rooms, Session session, CreateKey input) {
  auto user_id = whose(session, input.user_id);
  if (!user_id) co_return fail(user_id.error());
  auto options = options_of(rooms, session, input);
  if (!options) co_return fail(options.error());
  co_return shown(co_await rooms.keys.create_key(*user_id, std::move(*options),
                                                 request_of(session, "keys.create", input)));
}

Task<Result<KeyList>> list_keys(const Rooms& rooms, Session session, ListKeys input) {
  auto user_id = whose(session, input.user_id);
  if (!user_id) co_return fail(user_id.error());
  if (*user_id != session.user_id()) {
    auto is_there = co_await rooms.keys.find_user(*user_id);
    if (!is_there) co_return fail(is_there.error());
    if (!*is_there) co_return fail(Code::kNotFound, "There is no such user");
  }
  auto page = co_await rooms.keys.list(
      *user_id, input.cursor.value_or(""), static_cast<int>(input.limit),
      input.kind == "session" ? api::KeyKind::kSession : api::KeyKind::kKey);
  if (!page) co_return fail(page.error());
  KeyList list{std::move(page->items), std::nullopt};
  if (!page->is_last) list.next_cursor = list.keys.back().id;
  co_return list;
}

Task<Result<Revoked>> revoke_key(const Rooms& rooms, Session session, RevokeKey input) {
  auto user_id = whose(session, input.user_id);
  if (!user_id) co_return fail(user_id.error());
  auto done =
      co_await rooms.keys.revoke(*user_id, input.key_id, request_of(session, "keys.revoke", input));
  if (!done) co_return fail(done.error());
  co_return Revoked{};
}

Task<Result<SignInLink>> create_link(const Rooms& rooms, Session session) {
  auto made = co_await rooms.keys.create_link(session.actor);
  if (!made) co_return fail(made.error());
  co_return SignInLink{made->token, api::path_of_link(made->token), to_iso8601(made->expires_at)};
}

void add_users(const Rooms& rooms) {
  add_query(rooms, "users.list",
            {.summary = "The users of the pod. For owners.", .access = rpc::Access::kOwner},
            list_users);
  add_mutation(rooms, "users.create",
               {.summary = "Add a user, with a first key. For owners.",
                .docs = "The key may do what the key may that asks.",
                .effects = Effects::kAppends,
                .access = rpc::Access::kOwner,
                .keeps_idempotency_keys = true,
                .appends = {std::string(api::kUserCreationCompleted.name),
                            std::string(api::kKeyCreationCompleted.name)}},
               create_user);
}

void add_keys(const Rooms& rooms) {
  const rpc::ErrorMeta not_yours{Code::kForbidden, "Another user is named, by who is no owner."};
  add_mutation(rooms, "keys.create",
               {.summary = "Make another key, for yourself or, as an owner, for another user.",
                .docs = "It may do no more than the key that asks. It is shown this once.",
                .effects = Effects::kAppends,
                .errors = {{Code::kForbidden,
                            "It could do more than the key that asks, or another user is "
                            "named, by who is no owner."},
                           {Code::kNotFound, "There is no such user."},
                           {Code::kPreconditionFailed, "The user has 1000 keys that work."}},
                .keeps_idempotency_keys = true,
                .appends = {std::string(api::kKeyCreationCompleted.name)}},
               create_key);
  add_query(rooms, "keys.list",
            {.summary = "Your keys or, as an owner, those of another user; without their secrets.",
             .docs = "Or the sessions that stand for them.",
             .errors = {not_yours, {Code::kNotFound, "There is no such user."}}},
            list_keys);
  add_mutation(
      rooms, "keys.revoke",
      {.summary = "Revoke a key, from now on and for good; as an owner, also one of another user.",
       .docs = "The sessions that stand for it end with it. A session is revoked by its id, too.",
       .effects = Effects::kDestroys,
       .errors = {{Code::kNotFound, "The user has no such key."},
                  not_yours,
                  {Code::kPreconditionFailed,
                   "It is the last key by which an owner can do everything."}},
       .keeps_idempotency_keys = true,
       .appends = {std::string(api::kKeyRevocationCompleted.name)}},
      revoke_key);
}

void add_sessions(const Rooms& rooms) {
  add_mutation(rooms, "sessions.createLink",
               {.summary = "Make a link that signs a browser in at the pod's page, once, within 15 "
                           "minutes.",
                .docs = "The session may do what the key may that asks, and ends with it, at the "
                        "latest after 30 days.",
                .effects = Effects::kAppends},
               create_link);
}

}  // namespace

void add(const Rooms& rooms) {
  // The one procedure without a caller.
  rooms.procedures.add({.path = "health",
                        .kind = rpc::Kind::kQuery,
                        .input = {},
                        .output = schema_of<Health>(),
                        .meta = {.summary = "Answers if the pod does. Needs no key.",
                                 .access = rpc::Access::kPublic},
                        .handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
                          co_return rpc::Reply(rpc::Text(R"({"status":"ok"})"));
                        }});
  add_users(rooms);
  add_keys(rooms);
  add_sessions(rooms);
}

}  // namespace synap::features::access

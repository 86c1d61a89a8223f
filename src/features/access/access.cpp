#include "features/access/access.h"

#include "features/procedures.h"

namespace synap::features::access {
namespace {

using api::Session;
using rpc::Effects;

struct Health {
  std::string status = "ok";
};
const ObjectSchema<Health>& describe(Type<Health>) {
  static const auto schema =
      object<Health>("Health").field("status", &Health::status, one_of({"ok"}));
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
};
const ObjectSchema<CreateKey>& describe(Type<CreateKey>) {
  static const auto schema =
      object<CreateKey>("CreateKey")
          .field("name", &CreateKey::name, string().min(1).max(100), "To recognise it by.");
  return schema;
}

struct CreatedKey {
  std::string user_id;
  std::string key_id;
  std::string key;
};
const ObjectSchema<CreatedKey>& describe(Type<CreatedKey>) {
  static const auto schema =
      object<CreatedKey>("CreatedKey")
          .field("userId", &CreatedKey::user_id, string())
          .field("keyId", &CreatedKey::key_id, string().uuid())
          .field("key", &CreatedKey::key, string(), "Shown this once; nobody can say it again.");
  return schema;
}

struct KeyList {
  std::vector<api::KeyInfo> keys;
};
const ObjectSchema<KeyList>& describe(Type<KeyList>) {
  static const auto schema =
      object<KeyList>("KeyList").field("keys", &KeyList::keys, array(schema_of<api::KeyInfo>()));
  return schema;
}

struct RevokeKey {
  std::string key_id;
};
const ObjectSchema<RevokeKey>& describe(Type<RevokeKey>) {
  static const auto schema =
      object<RevokeKey>("RevokeKey").field("keyId", &RevokeKey::key_id, string().uuid());
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

Result<CreatedKey> shown(Result<api::NewKey> made) {
  if (!made) return fail(made.error());
  return CreatedKey{made->user_id, made->key_id, made->key};
}

Task<Result<CreatedKey>> create_user(const Rooms& rooms, Session session, CreateUser input) {
  const auto role = api::role_by_name(input.role).value_or(api::Role::kMember);
  co_return shown(co_await rooms.keys.create_user(input.name, role, session.user_id()));
}

Task<Result<CreatedKey>> create_key(const Rooms& rooms, Session session, CreateKey input) {
  co_return shown(co_await rooms.keys.create_key(session.user_id(), input.name));
}

Task<Result<KeyList>> list_keys(const Rooms& rooms, Session session) {
  auto keys = co_await rooms.keys.list(session.user_id());
  if (!keys) co_return fail(keys.error());
  co_return KeyList{std::move(*keys)};
}

Task<Result<Revoked>> revoke_key(const Rooms& rooms, Session session, RevokeKey input) {
  auto done = co_await rooms.keys.revoke(session.user_id(), input.key_id);
  if (!done) co_return fail(done.error());
  co_return Revoked{};
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
  add_mutation(rooms, "users.create",
               {.summary = "Add a user, with a first key. For owners.",
                .effects = Effects::kAppends,
                .access = rpc::Access::kOwner},
               create_user);
  add_mutation(rooms, "keys.create",
               {.summary = "Make another key for yourself.", .effects = Effects::kAppends},
               create_key);
  add_query(rooms, "keys.list", {.summary = "Your keys, without their secrets."}, list_keys);
  add_mutation(rooms, "keys.revoke",
               {.summary = "Revoke a key of yours, from now on and for good.",
                .effects = Effects::kDestroys,
                .errors = {{Code::kNotFound, "You have no such key."}}},
               revoke_key);
}

}  // namespace synap::features::access

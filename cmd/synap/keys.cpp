#include <fmt/format.h>

#include <functional>
#include <memory>

#include "base/clock.h"
#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"
#include "synap/short_ids.h"
#include "synap/table.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {
namespace {

constexpr std::int64_t kPageMax = 500;  // of users.list and keys.list

struct KeyOptions {
  ClientOptions client;
  std::string name;
  std::string id;
  std::string role = "member";
  std::optional<std::string> user;
  std::optional<std::string> expires_at;
  std::int64_t expires_in_days = -1;  // not given
  std::vector<std::string> scopes;
};

Json strings(const std::vector<std::string>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(value);
  return list;
}

std::string joined(const Json* values) {
  std::string text;
  if (values == nullptr || !values->is_array()) return text;
  for (const auto& value : values->as_array()) {
    if (value.is_string()) text += (text.empty() ? "" : " ") + value.as_string();
  }
  return text;
}

// 0198…  synap_AbCd  2026-01-31T12:00:00.000Z  used 2026-02-01T…  *  laptop
std::string readable_key(const Json& key) {
  auto line = fmt::format("{}  {}  {}  used {:<24}  {}", key.string_or("id", ""),
                          key.string_or("prefix", ""), key.string_or("createdAt", ""),
                          key.string_or("lastUsedAt", "never"), joined(key.find("scopes")));
  for (const auto* end : {"revokedAt", "expiresAt"}) {
    const auto time = key.string_or(end, "");
    if (time.empty()) continue;
    line +=
        fmt::format("  {} {}", end == std::string_view("revokedAt") ? "revoked" : "expires", time);
  }
  return printable(fmt::format("{}  {}", line, key.string_or("name", "")));
}

std::string readable_user(const Json& user) {
  const Json* keys = user.find("keys");
  const auto count = keys == nullptr || !keys->is_integer() ? 0 : keys->as_integer();
  return printable(fmt::format("{}  {:<6}  {:>4} {:<4}  {}  {}", user.string_or("id", ""),
                               user.string_or("role", ""), count, count == 1 ? "key" : "keys",
                               user.string_or("createdAt", ""), user.string_or("name", "")));
}

// In a terminal: before all else whether it opens anything.
void show_keys(const Json::Array& keys) {
  Table table({{.heading = "ID", .is_fixed = true},
               {.heading = "NAME"},
               {.heading = "STATUS"},
               {.heading = "SCOPES"},
               {.heading = "LAST USED", .is_fixed = true},
               {.heading = "EXPIRES", .is_fixed = true},
               {.heading = "CREATED", .is_fixed = true, .is_extra = true},
               {.heading = "PREFIX", .is_fixed = true, .is_extra = true}});
  const auto now = to_iso8601(unix_ms_now());
  const auto day_of = [](std::string_view time) {
    return time.empty() ? "" : local_time(time).substr(0, 16);
  };
  for (const auto& key : keys) {
    const auto expires = key.string_or("expiresAt", "");
    const std::string status = !key.string_or("revokedAt", "").empty() ? "revoked"
                               : !expires.empty() && expires < now     ? "expired"
                                                                       : "live";
    table.add({{short_id(key.string_or("id", "")), Colour::kFaint},
               {std::string(key.string_or("name", ""))},
               {status, status == "live" ? Colour::kGood : Colour::kBad},
               {joined(key.find("scopes"))},
               {day_of(key.string_or("lastUsedAt", ""))},
               {day_of(expires)},
               {day_of(key.string_or("createdAt", ""))},
               {std::string(key.string_or("prefix", ""))}});
  }
  table.show("keys");
}

void show_users(const Json::Array& users) {
  Table table({{.heading = "ID", .is_fixed = true},
               {.heading = "NAME"},
               {.heading = "ROLE"},
               {.heading = "KEYS", .is_number = true},
               {.heading = "CREATED", .is_fixed = true}});
  for (const auto& user : users) {
    const Json* keys = user.find("keys");
    table.add({{short_id(user.string_or("id", "")), Colour::kFaint},
               {std::string(user.string_or("name", ""))},
               {std::string(user.string_or("role", ""))},
               {keys == nullptr ? "" : keys->dump()},
               {local_time(user.string_or("createdAt", "")).substr(0, 16)}});
  }
  table.show("users");
}

// Whom --user names.
Result<> set_user(PodClient& pod, const KeyOptions& options, Json& input) {
  if (!options.user) return {};
  auto id = whole_user_id(pod, *options.user);
  if (!id) return fail(id.error());
  input.set("userId", *id);
  return {};
}

// Page after page of what `path` lists as `items`.
int list(const KeyOptions& options, const std::string& path, std::string_view items,
         std::string (*readable)(const Json&)) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  Json input = Json::object({{"limit", kPageMax}});
  if (auto set = set_user(*pod, options, input); !set) return report(set.error(), is_json);
  Json::Array all;
  for (;;) {
    auto page = pod->query(path, input);
    if (!page) return report(page.error(), is_json);
    const Json* found = page->find(items);
    if (found == nullptr || !found->is_array()) break;
    for (const auto& one : found->as_array()) all.push_back(one);
    const auto cursor = page->string_or("nextCursor", "");
    if (cursor.empty()) break;
    input.set("cursor", cursor);
  }
  if (is_json) {
    print_json(Json::object({{std::string(items), Json(std::move(all))}}));
  } else if (is_terminal() && items == "keys") {
    show_keys(all);
  } else if (is_terminal()) {
    show_users(all);
  } else {
    for (const auto& one : all) print_line(readable(one));
  }
  return kExitOk;
}

// What was made is told once: the key alone on stdout, so that it can be put into a variable.
int make(const KeyOptions& options, std::string_view path, Json input) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  if (auto set = set_user(*pod, options, input); !set) return report(set.error(), is_json);
  auto made = pod->mutate(path, input);
  if (!made) return report(made.error(), is_json);
  if (is_json) {
    print_json(*made);
    return kExitOk;
  }
  tell(fmt::format("key {} of user {}, shown this once:", made->string_or("keyId", ""),
                   made->string_or("userId", "")));
  print_line(printable(made->string_or("key", "")));
  return kExitOk;
}

int create_key(const KeyOptions& options) {
  Json input = Json::object({{"name", options.name}});
  if (!options.scopes.empty()) input.set("scopes", strings(options.scopes));
  if (options.expires_at) input.set("expiresAt", *options.expires_at);
  if (options.expires_in_days >= 0) input.set("expiresInDays", options.expires_in_days);
  return make(options, "keys.create", input);
}

int revoke(const KeyOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  const auto id =
      options.user ? Result<std::string>(options.id) : whole_id(*pod, "keys.list", options.id);
  if (!id) return report(id.error(), is_json);
  Json input = Json::object({{"keyId", *id}});
  if (auto set = set_user(*pod, options, input); !set) return report(set.error(), is_json);
  auto revoked = pod->mutate("keys.revoke", input);
  if (!revoked) return report(revoked.error(), is_json);
  print_line(is_json ? json_text(revoked->dump()) : fmt::format("key {} is revoked", *id));
  return kExitOk;
}

Command with_client_options(Command command, const std::shared_ptr<KeyOptions>& options) {
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

Option whose(const std::shared_ptr<KeyOptions>& options) {
  return {"--user", "Another user: the name, or the id or its end; for owners. Default: yourself",
          &options->user};
}

}  // namespace

Command users_list_command() {
  auto options = std::make_shared<KeyOptions>();
  return with_client_options(
      {.words = "users list",
       .docs = "List the users of the pod, with their roles and the number of their keys.",
       .example = "synap users list",
       .run = [options] { return list(*options, "users.list", "users", readable_user); }},
      options);
}

Command users_create_command() {
  auto options = std::make_shared<KeyOptions>();
  return with_client_options(
      {.words = "users create",
       .docs = "Add a user, and print their first key, this once.",
       .example = "synap users create Ada",
       .options = {{"NAME", "Of the user.", &options->name, "", true},
                   {"--role", "owner or member. Default: member", &options->role}},
       .run =
           [options] {
             return make(*options, "users.create",
                         Json::object({{"name", options->name}, {"role", options->role}}));
           }},
      options);
}

Command keys_list_command() {
  auto options = std::make_shared<KeyOptions>();
  return with_client_options(
      {.words = "keys list",
       .docs = "List keys, without their secrets: what each may do, and when it was last used.",
       .example = "synap keys list",
       .options = {whose(options)},
       .run = [options] { return list(*options, "keys.list", "keys", readable_key); }},
      options);
}

Command keys_create_command() {
  auto options = std::make_shared<KeyOptions>();
  return with_client_options(
      {.words = "keys create",
       .docs = "Make another key, and print it, this once.",
       .example = "synap keys create backup --scope '*:read' --expires-in-days 90",
       .options =
           {{"NAME", "To recognise it by.", &options->name, "", true},
            {"--scope",
             "What it may do, as notes:read, notes:* or *:read; propose: nothing, but propose "
             "it. Once for each. "
             "Default: all that the key may that asks",
             &options->scopes},
            {"--expires-at", "As 2027-01-31T12:00:00Z. Default: never", &options->expires_at},
            {"--expires-in-days", "Instead of --expires-at.", &options->expires_in_days},
            whose(options)},
       .run = [options] { return create_key(*options); }},
      options);
}

Command keys_revoke_command() {
  auto options = std::make_shared<KeyOptions>();
  return with_client_options(
      {.words = "keys revoke",
       .docs = "Revoke a key, from now on and for good.",
       .example = "synap keys revoke 01980000-0000-7000-8000-000000000000",
       .options = {{"ID", "Of the key.", &options->id, "", true}, whose(options)},
       .run = [options] { return revoke(*options); }},
      options);
}

}  // namespace synap::cli

#include "inngest/syncer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "inngest/canonical.h"

namespace synap::inngest {
namespace {

constexpr std::chrono::seconds kPatience(10);
constexpr std::size_t kStatesMax = 10'000;

// What an app says of itself, when it has not been registered.
std::string reason_of(const outbound::Response& response) {
  const auto body = parse_json(response.body);
  if (body) {
    for (const char* key : {"message", "error"}) {
      const auto text = body->string_or(key, "");
      if (!text.empty()) return std::string(text);
    }
  }
  return fmt::format("what answers at its address is no Inngest app (status {})", response.status);
}

// The Python SDK passes on what this pod has answered to it, an error as well, with 200.
bool is_registered(const outbound::Response& response) {
  if (response.status != 200) return false;
  if (outbound::find(response.headers, "x-inngest-sdk") == nullptr) return false;
  const auto body = parse_json(response.body);
  return !body || body->string_or("error", "").empty();
}

}  // namespace

Task<Result<>> Syncer::sync(std::string url, std::string user_id, std::stop_token stop) {
  if (auto checked = check_url(url); !checked) co_return checked;
  const std::string body = canonical_json(Json::object({{"url", url}}));
  outbound::Request request{
      .method = "PUT",
      .url = url,
      .headers = {{"content-type", "application/json"},
                  {"x-inngest-server-kind", options_.is_dev ? "dev" : "cloud"},
                  {"x-inngest-sync-kind", "in_band"},
                  {"x-inngest-signature",
                   apps_.key_of(user_id).sign(body, options_.world.unix_ms() / 1'000)}},
      .body = body};
  auto response =
      co_await client_.send(std::move(request), {.deadline = SteadyClock::now() + kPatience,
                                                 .stop = stop,
                                                 .response_bytes_max = kRegistrationBytesMax,
                                                 .redirects_max = 0});
  Result<> result;
  if (!response) {
    result = fail(response.error());
  } else {
    result = co_await take(*response, user_id);
  }
  if (!stop.stop_requested()) note(url, user_id, result);
  co_return result;
}

// Not in development, what an app says of itself is signed with the key of the user: a site that
// knows nothing of him would otherwise get his events. One that passes the request on to an app of
// his, and its answer back, gets through: the protocol does not sign the address that was asked,
// which whoever asks for the sync has named himself.
Task<Result<>> Syncer::take(const outbound::Response& response, std::string user_id) {
  const auto* kind = outbound::find(response.headers, "x-inngest-sync-kind");
  const bool is_in_band = response.status == 200 && kind != nullptr && *kind == "in_band";
  if (!is_in_band) {
    if (is_registered(response)) co_return Result<>{};
    co_return fail(Code::kBadGateway, reason_of(response));
  }
  auto body = parse_json(response.body);
  if (!body) co_return fail(Code::kBadGateway, "what it says of itself is no JSON");
  const auto* signature = outbound::find(response.headers, "x-inngest-signature");
  // The SDK for Go writes a newline behind what it has signed.
  std::string_view said = response.body;
  if (said.ends_with('\n')) said.remove_suffix(1);
  const bool is_signed =
      signature != nullptr &&
      apps_.key_of(user_id).verifies(*signature, said, options_.world.unix_ms() / 1'000);
  if (!is_signed && !options_.is_dev) {
    co_return fail(Code::kBadGateway, "what it says of itself is not signed with your signing key");
  }
  auto registration = Registration::read_answer(std::move(*body));
  if (!registration) co_return fail(registration.error());
  auto synced = co_await apps_.sync({user_id, std::nullopt}, std::move(*registration));
  if (!synced) co_return fail(synced.error());
  co_return Result<>{};
}

// Told when it changes: an app that is away is asked every few seconds.
void Syncer::note(const std::string& url, const std::string& user_id, const Result<>& result) {
  const SyncState now{options_.world.unix_ms(), result.has_value(),
                      result ? std::string() : result.error().message};
  const std::lock_guard lock(mutex_);
  // Anybody may name any address; what is forgotten is at worst told again.
  if (states_.size() >= kStatesMax) states_.clear();
  auto& state = states_[{url, user_id}];
  const bool is_news =
      state.at == 0 || state.is_good != now.is_good || state.message != now.message;
  state = now;
  if (!is_news) return;
  if (now.is_good) {
    write_log(LogLevel::kInfo, "inngest", "the app at {url} is registered", {{"url", url}});
  } else {
    write_log(LogLevel::kWarn, "inngest", "the app at {url} cannot be registered: {error}",
              {{"url", url}, {"error", now.message}});
  }
}

std::optional<SyncState> Syncer::state(const std::string& url, const std::string& user_id) const {
  const std::lock_guard lock(mutex_);
  const auto at = states_.find({url, user_id});
  return at != states_.end() ? std::optional(at->second) : std::nullopt;
}

Task<Syncer::Targets> Syncer::targets() {
  Targets found;
  auto& all = found.all;
  if (options_.is_dev) {
    if (auto apps = co_await apps_.list(std::nullopt)) {
      for (auto& app : *apps) {
        // Endpoints and workers that connect have no address that registers them.
        if (is_connect_url(app.url) || is_endpoint_slug(app.app)) continue;
        all.push_back({app.url, app.user_id});
      }
    }
  }
  if (options_.urls.empty()) co_return found;
  auto owner = co_await keys_.find_owner();
  if (!owner || !*owner) {
    found.is_complete = false;
    co_return found;
  }
  for (const auto& url : options_.urls) {
    const bool is_known = std::ranges::find(all, url, &Target::url) != all.end();
    const auto before = state(url, **owner);
    const bool is_done = before && before->is_good && !options_.is_dev;
    if (!is_known && !is_done) all.push_back({url, **owner});
  }
  co_return found;
}

Task<void> Syncer::run(std::stop_token stop) {
  for (;;) {
    const auto found = co_await targets();
    for (const auto& target : found.all) {
      if (stop.stop_requested()) co_return;
      std::ignore = co_await sync(target.url, target.user_id, stop);
    }
    if (!options_.is_dev && found.is_complete && found.all.empty()) co_return;
    if (!co_await options_.world.sleep_for(options_.interval, stop)) co_return;
  }
}

}  // namespace synap::inngest

#include "api/session_page.h"

#include "base/clock.h"
#include "net/origins.h"
#include "rest/problem.h"

namespace synap::api {
namespace {

net::Response answer(std::string body) {
  net::Response response;
  response.headers.add("content-type", "application/json");
  response.headers.add("cache-control", "no-store");
  response.body = std::move(body);
  return response;
}

net::Response not_signed_in() {
  return rest::problem_response({Code::kUnauthorized, "Nobody is signed in here"});
}

}  // namespace

Task<net::Admission> SessionPage::admit(const net::Request& head) {
  net::Admission admission;
  admission.answer = co_await serve(head);
  co_return admission;
}

Task<net::Response> SessionPage::serve(const net::Request& head) {
  if (head.method == "GET" || head.method == "HEAD") co_return co_await tell(head);
  if (head.method != "POST" && head.method != "DELETE") {
    auto refused = refusal({Code::kMethodNotSupported,
                            "A session is begun with POST, read with "
                            "GET and ended with DELETE"});
    refused.headers.add("allow", "GET, HEAD, POST, DELETE");
    co_return refused;
  }
  // Or any page could sign its visitor in as somebody else.
  if (net::is_of_other_page(head.headers, public_url_) ||
      head.headers.find(SessionCookie::kPageHeader) == nullptr) {
    co_return refusal({Code::kForbidden,
                       "Only the pod's own page signs in and out here; programs "
                       "send their key with every request"});
  }
  if (head.method == "POST") co_return co_await sign_in(head);
  co_return co_await sign_out(head);
}

std::optional<ActorRef> SessionPage::signed_in(const net::Request& head) const {
  const auto shown = cookie_.of(head.headers);
  if (shown.token.empty()) return std::nullopt;
  auto actor = keys_.find(shown);
  if (!actor) return std::nullopt;
  return *actor;
}

Task<Result<Json>> SessionPage::told_of(const Actor& actor,
                                        std::optional<std::int64_t> expires_at) {
  auto user = co_await keys_.find_user(actor.user_id);
  if (!user) co_return fail(user.error());
  Json told = Json::object({{"user", Json::object({{"id", actor.user_id},
                                                   {"name", *user ? (*user)->name : ""},
                                                   {"role", std::string(role_name(actor.role))}})},
                            {"session", actor.recorded.id},
                            {"pod", Json::object({{"version", version_}})}});
  if (expires_at) told.set("expiresAt", to_iso8601(*expires_at));
  co_return told;
}

Task<net::Response> SessionPage::sign_in(const net::Request& head) {
  const std::string token(bearer_token(head.headers));
  const bool is_link = token.starts_with(Keys::kLinkPrefix);
  auto whose =
      is_link ? co_await keys_.find_link(token, head.peer) : keys_.authenticate(token, head.peer);
  if (!whose) co_return refusal(whose.error());
  if (auto admitted = keys_.admit(**whose); !admitted) co_return refusal(admitted.error());
  const auto before = signed_in(head);
  // A link may be anybody's: nobody is to go on in another's account without a word.
  if (before && (*before)->user_id != (*whose)->user_id) {
    co_return refusal({Code::kConflict, "Another user is signed in here: sign out first"});
  }
  auto begun = is_link ? co_await keys_.use_link(token, before)
                       : co_await keys_.create_session(*whose, before);
  if (!begun) co_return refusal(begun.error());
  const auto actor = keys_.find({begun->key, KeyKind::kSession});
  if (!actor) co_return refusal(actor.error());
  auto told = co_await told_of(*actor, begun->expires_at);
  if (!told) co_return refusal(told.error());
  const auto cookie_characters = begun->key.size() - kPageHalfCharacters;
  told->set("page", begun->key.substr(cookie_characters));
  auto response = answer(told->dump());
  const std::chrono::milliseconds lasts(begun->expires_at.value_or(keys_.now()) - keys_.now());
  response.headers.add("set-cookie",
                       cookie_.set(begun->key.substr(0, cookie_characters),
                                   std::chrono::duration_cast<std::chrono::seconds>(lasts)));
  co_return response;
}

Task<net::Response> SessionPage::sign_out(const net::Request& head) {
  if (const auto actor = signed_in(head)) {
    if (auto admitted = keys_.admit(**actor); !admitted) co_return refusal(admitted.error());
    auto ended =
        co_await keys_.revoke((*actor)->user_id, (*actor)->recorded.id, {.actor = **actor});
    // That it has ended meanwhile is what was wanted.
    if (!ended && ended.error().code != Code::kUnauthorized &&
        ended.error().code != Code::kNotFound) {
      co_return refusal(ended.error());
    }
  }
  net::Response response{.status = 204};
  response.headers.add("set-cookie", cookie_.clear());
  co_return response;
}

Task<net::Response> SessionPage::tell(const net::Request& head) {
  const auto actor = signed_in(head);
  if (!actor) co_return not_signed_in();
  if (auto admitted = keys_.admit(**actor); !admitted) co_return refusal(admitted.error());
  auto told = co_await told_of(**actor, keys_.end_of(**actor));
  if (!told) co_return refusal(told.error());
  co_return answer(told->dump());
}

std::optional<net::Response> SessionPage::refuse_upgrade(const net::Request&) {
  return refusal({Code::kNotFound, "A WebSocket is served at /trpc"});
}

Task<void> SessionPage::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

net::Response SessionPage::refusal(const Error& error) {
  return rest::problem_response(error);
}

}  // namespace synap::api

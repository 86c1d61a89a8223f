#include "inngest/posted_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "inngest/ingestion.h"
#include "net/ascii.h"
#include "net/url.h"

namespace synap::inngest {
namespace {

// A field of a form, where '+' is a space.
Result<std::string> form_text(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return net::percent_decode(spaced);
}

// As webhooks send it: `name` is the event's, every other field a list of its values.
Result<Json> event_of_form(std::string_view body) {
  Json event = Json::object();
  Json data = Json::object();
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    const auto key = form_text(pair.substr(0, equals));
    const auto value = form_text(pair.substr(std::min(equals + 1, pair.size())));
    if (!key || !value) return fail(Code::kBadRequest, "The form's fields are not well encoded");
    if (*key == "name") {
      event.set("name", *value);
    } else if (Json* values = data.find(*key)) {
      values->push_back(*value);
    } else {
      data.set(*key, Json::array().push_back(*value));
    }
  }
  event.set("data", std::move(data));
  return event;
}

}  // namespace

Result<std::vector<Json>> posted_events(const net::Request& request) {
  const auto* type = request.headers.find("content-type");
  const std::string_view kind = type != nullptr ? *type : std::string_view("application/json");
  if (kind.starts_with("multipart/")) {
    return fail(Code::kUnsupportedMediaType,
                "Events are JSON, or a form that is application/x-www-form-urlencoded");
  }
  const auto* coding = request.headers.find("content-encoding");
  if (coding != nullptr && !net::equal_ignoring_case(*coding, "identity")) {
    return fail(Code::kUnsupportedMediaType,
                "Events come as they are: this pod reads no Content-Encoding");
  }
  // curl says that whatever it sends is a form.
  const auto text = net::trimmed(request.body);
  const bool is_json = text.starts_with('{') || text.starts_with('[');
  const bool is_form = !is_json && kind.starts_with("application/x-www-form-urlencoded");
  auto body = is_form ? event_of_form(text) : parse_json(text);
  if (!body) return fail(body.error());
  std::vector<Json> events;
  if (!body->is_array()) {
    events.push_back(std::move(*body));
    return events;
  }
  if (body->as_array().size() > kEventsOfRequestMax) {
    return fail(Code::kBadRequest, fmt::format("A request has at most {} events; this one has {}",
                                               kEventsOfRequestMax, body->as_array().size()));
  }
  return std::move(body->as_array());
}

}  // namespace synap::inngest

#include "inngest/posted_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/json_given.h"
#include "inngest/ingestion.h"
#include "net/ascii.h"
#include "net/url.h"
#include "trpc/multipart.h"

namespace synap::inngest {
namespace {

// As many as a form that is multipart/form-data may have (trpc/multipart.cpp).
constexpr std::size_t kFieldsMax = 10'000;

// A field of a form, where '+' is a space.
Result<std::string> form_text(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return net::percent_decode(spaced);
}

struct Field {
  std::string name;
  std::string value;
};

Result<std::vector<Field>> url_encoded(std::string_view body) {
  std::vector<Field> fields;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    const auto key = form_text(pair.substr(0, equals));
    const auto value = form_text(pair.substr(std::min(equals + 1, pair.size())));
    if (!key || !value) return fail(Code::kBadRequest, "The form's fields are not well encoded");
    if (fields.size() == kFieldsMax) {
      return fail(Code::kBadRequest, fmt::format("A form has at most {} fields", kFieldsMax));
    }
    fields.push_back({std::move(*key), std::move(*value)});
  }
  return fields;
}

// Files are left out: Inngest's server has it so.
Result<std::vector<Field>> multipart(std::string_view content_type, std::string_view body) {
  auto form = trpc::parse_multipart(content_type, body);
  if (!form) return fail(form.error());
  std::vector<Field> fields;
  for (auto& field : *form) {
    if (!field.filename) fields.push_back({std::move(field.name), std::move(field.value)});
  }
  return fields;
}

// As webhooks send it: `name` is the event's, every other field a list of its values.
Result<Json> event_of_form(Result<std::vector<Field>> fields) {
  if (!fields) return fail(fields.error());
  Json event = Json::object();
  std::map<std::string, Json> data;
  for (auto& field : *fields) {
    if (field.name == "name") {
      event.set("name", std::move(field.value));
    } else {
      data.try_emplace(std::move(field.name), Json::array())
          .first->second.push_back(std::move(field.value));
    }
  }
  Json::Object members;
  for (auto& [name, values] : data) members.emplace_back(name, std::move(values));
  event.set("data", Json(std::move(members)));
  return event;
}

}  // namespace

Result<std::vector<Json>> posted_events(const net::Request& request) {
  const auto* type = request.headers.find("content-type");
  const std::string_view kind = type != nullptr ? *type : std::string_view("application/json");
  const auto* coding = request.headers.find("content-encoding");
  if (coding != nullptr && !net::equal_ignoring_case(*coding, "identity")) {
    return fail(Code::kUnsupportedMediaType,
                "Events come as they are: this pod reads no Content-Encoding");
  }
  // curl says that whatever it sends is a form.
  const auto text = net::trimmed(request.body);
  const bool is_json = text.starts_with('{') || text.starts_with('[');
  const bool is_form = !is_json && kind.starts_with("application/x-www-form-urlencoded");
  const bool is_multipart = kind.starts_with("multipart/");
  auto body = is_form        ? event_of_form(url_encoded(text))
              : is_multipart ? event_of_form(multipart(kind, request.body))
                             : parse_given_json(text);
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

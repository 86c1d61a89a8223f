// Tags that the text of a thing has, beside those that were given: all of them are its tags, by
// which it is listed, counted and found. Which are the text's is kept beside them, so that a tag
// goes when it goes from the text, unless it was given as well.
#include <algorithm>

#include "base/text.h"
#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

bool contains(const Json::Array& list, const Json& value) {
  return std::ranges::find(list, value) != list.end();
}

Json::Array list_in(const Json& fields, std::string_view name) {
  const Json* list = fields.find(name);
  return list != nullptr && list->is_array() ? list->as_array() : Json::Array{};
}

std::size_t tags_max(const NounParts& parts) {
  for (const auto& field : parts.fields.node().fields) {
    if (field.name != parts.options.tags->field) continue;
    const auto* most = field.schema->check(SchemaCheck::Kind::kMax);
    if (most != nullptr) return static_cast<std::size_t>(most->bound);
  }
  return SIZE_MAX;
}

}  // namespace

TagSources tag_sources(const NounParts& parts, const Json& state) {
  TagSources sources{.of_text = list_in(state, kTextTags)};
  if (state.find(kOwnTags) != nullptr) {
    sources.given = list_in(state, kOwnTags);
    return sources;
  }
  for (auto& tag : list_in(state, parts.options.tags->field)) {
    if (!contains(sources.of_text, tag)) sources.given.push_back(std::move(tag));
  }
  return sources;
}

void set_tags(const NounParts& parts, Json& fields, const TagSources& sources) {
  const auto most = tags_max(parts);
  Json::Array all = sources.given;
  bool is_both = false;
  for (const auto& tag : sources.of_text) {
    if (contains(sources.given, tag)) {
      is_both = true;
    } else if (all.size() < most) {
      all.push_back(tag);
    }
  }
  fields.set(parts.options.tags->field, Json(std::move(all)));
  fields.set(kTextTags, Json(sources.of_text));
  if (is_both) fields.set(kOwnTags, Json(sources.given));
}

std::string tag_form(const NounParts& parts, std::string_view tag) {
  auto form = composed(tag);
  const bool is_as_written = form == tag || !validate(tag_schema(parts), Json(form));
  return is_as_written ? std::string(tag) : form;
}

void compose_tags(const NounParts& parts, Json& state) {
  if (!parts.options.tags) return;
  for (const auto name : {std::string_view(parts.options.tags->field), kTextTags, kOwnTags}) {
    const Json* tags = state.find(name);
    if (tags == nullptr || !tags->is_array()) continue;
    Json::Array unique;
    for (const auto& tag : tags->as_array()) {
      Json one(tag_form(parts, tag.as_string()));
      if (!contains(unique, one)) unique.push_back(std::move(one));
    }
    if (unique != tags->as_array()) state.set(name, Json(std::move(unique)));
  }
}

void keep_tag_sources(Json& state, const Json& said, const Json* before) {
  const Json* of_text = said.find(kTextTags);
  const Json& from = of_text == nullptr && before != nullptr ? *before : said;
  for (const auto name : {kTextTags, kOwnTags}) {
    const Json* tags = from.find(name);
    if (tags != nullptr && !tags->as_array().empty()) state.set(name, *tags);
  }
}

Json::Array given_tags_of(const NounParts& parts, const Thing& thing) {
  Json state =
      Json::object({{parts.options.tags->field, *thing.state.find(parts.options.tags->field)},
                    {std::string(kTextTags), thing.text_tags}});
  if (thing.own_tags.is_array()) state.set(kOwnTags, thing.own_tags);
  return tag_sources(parts, state).given;
}

Json::Array given_tags(const Json::Array& tags, const TagSources& before) {
  Json::Array given;
  for (const auto& tag : tags) {
    if (!contains(before.of_text, tag) || contains(before.given, tag)) given.push_back(tag);
  }
  return given;
}

Json::Array tags_in_text(const NounParts& parts, std::string_view beginning) {
  const auto& wanted = *parts.options.text->tags;
  const auto one = tag_schema(parts);
  Json::Array tags;
  for (auto& tag : wanted.read(beginning.substr(0, wanted.bytes_max))) {
    Json name(std::move(tag));
    if (tags.size() < tags_max(parts) && validate(one, name)) tags.push_back(std::move(name));
  }
  return tags;
}

}  // namespace synap::features

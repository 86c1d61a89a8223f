#include "inngest/app_spans.h"

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "base/json.h"
#include "net/ascii.h"

namespace synap::inngest {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::pbf_writer;

constexpr JsonLimits kDepth{.depth_max = 80};
// The field that each of the messages is in the one above it.
constexpr protozero::pbf_tag_type kInner = 1;
constexpr protozero::pbf_tag_type kValue = 2;

std::unexpected<Error> wrong() {
  return fail(Code::kBadRequest, "These are no spans as OTLP has them");
}

Json attribute(std::string_view user_id) {
  return Json::object(
      {{"key", kOwnerAttribute}, {"value", Json::object({{"stringValue", user_id}})}});
}

Result<std::string> with_owner_as_json(std::string_view body, std::string_view user_id) {
  auto request = parse_json(body, kDepth);
  if (!request) return fail(request.error());
  if (!request->is_object()) return wrong();
  for (auto& [name, spans] : request->as_object()) {
    // The JSON of protobuf has either name.
    if (name != "resourceSpans" && name != "resource_spans") continue;
    if (!spans.is_array()) return wrong();
    for (auto& one : spans.as_array()) {
      if (!one.is_object()) return wrong();
      Json* resource = one.find("resource");
      if (resource == nullptr || resource->is_null()) {
        one.set("resource", Json::object());
        resource = one.find("resource");
      }
      if (!resource->is_object()) return wrong();
      Json* all = resource->find("attributes");
      if (all == nullptr || all->is_null()) {
        resource->set("attributes", Json::array());
        all = resource->find("attributes");
      }
      if (!all->is_array()) return wrong();
      std::erase_if(all->as_array(), [](const Json& each) {
        return each.is_object() && each.string_or("key", "") == kOwnerAttribute;
      });
      all->push_back(attribute(user_id));
    }
  }
  return request->dump();
}

// Every field of `from`, but those of number kInner, which `inner` is asked about.
template <class Inner>
void copy(std::string_view from, pbf_writer& to, Inner inner) {
  pbf_reader fields(from.data(), from.size());
  while (fields.next()) {
    const auto tag = fields.tag();
    switch (fields.wire_type()) {
      case pbf_wire_type::varint:
        to.add_uint64(tag, fields.get_uint64());
        break;
      case pbf_wire_type::fixed64:
        to.add_fixed64(tag, fields.get_fixed64());
        break;
      case pbf_wire_type::fixed32:
        to.add_fixed32(tag, fields.get_fixed32());
        break;
      case pbf_wire_type::length_delimited: {
        const auto view = fields.get_view();
        const std::string_view bytes(view.data(), view.size());
        if (tag == kInner) {
          inner(bytes);
        } else {
          to.add_bytes(tag, view);
        }
        break;
      }
      default:
        fields.skip();
    }
  }
}

std::string key_of(std::string_view attribute) {
  std::string key;
  pbf_reader fields(attribute.data(), attribute.size());
  // Of a field that comes twice the last one holds.
  while (fields.next()) {
    if (fields.tag() == kInner && fields.wire_type() == pbf_wire_type::length_delimited) {
      key = fields.get_string();
    } else {
      fields.skip();
    }
  }
  return key;
}

// A resource that comes in parts is the parts together.
std::string resource_spans(std::string_view from, std::string_view user_id) {
  std::string made;
  pbf_writer writer(made);
  copy(from, writer, [&](std::string_view resource) {
    pbf_writer to(writer, kInner);
    copy(resource, to, [&](std::string_view attribute) {
      if (key_of(attribute) == kOwnerAttribute) return;
      to.add_bytes(kInner, attribute.data(), attribute.size());
    });
  });
  pbf_writer resource(writer, kInner);
  pbf_writer owner(resource, kInner);
  owner.add_string(kInner, kOwnerAttribute.data(), kOwnerAttribute.size());
  pbf_writer value(owner, kValue);
  value.add_string(kInner, user_id.data(), user_id.size());
  return made;
}

Result<std::string> with_owner_as_protobuf(std::string_view body, std::string_view user_id) try {
  std::string made;
  pbf_writer writer(made);
  copy(body, writer,
       [&](std::string_view spans) { writer.add_bytes(kInner, resource_spans(spans, user_id)); });
  return made;
} catch (const protozero::exception&) {
  return wrong();
}

}  // namespace

Result<std::string> with_owner(std::string_view body, std::string_view content_type,
                               std::string_view user_id) {
  const auto type = net::trimmed(content_type.substr(0, content_type.find(';')));
  if (net::equal_ignoring_case(type, "application/json")) {
    return with_owner_as_json(body, user_id);
  }
  if (net::equal_ignoring_case(type, "application/x-protobuf")) {
    return with_owner_as_protobuf(body, user_id);
  }
  return fail(Code::kUnsupportedMediaType, "Spans are application/json or application/x-protobuf");
}

}  // namespace synap::inngest

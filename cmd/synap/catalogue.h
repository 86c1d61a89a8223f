// Catalogue: what a pod can be asked, read from an OpenAPI document: the program's own or that of a
// pod which is another version.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace synap::cli {

/// One procedure, as people call it.
struct ProcedureInfo {
  std::string path;     // "notes.create"
  std::string kind;     // "query", "mutation" or "subscription"
  std::string summary;  // one sentence
  std::string docs;
  std::string scope;  // what a key needs; empty: none, or one that depends on the input
  bool is_public;     // it needs no key
  bool may_be_proposed;
  /// JSON Schemas in which every reference is written out; null where there is none.
  Json input;
  Json output;
  Json example;  // of the input; null where none is known
};

/// One member of an input or of an output.
struct FieldInfo {
  std::string name;
  Json schema;  // without null
  std::string docs;
  bool is_required = false;
  bool is_nullable = false;
  /// "text", "a whole number", "a list of text", "open, done or later": in words.
  std::string type() const;
  /// "1 to 500 characters; default: open": what bounds it, empty where nothing does.
  std::string limits() const;
};
/// The members of an object's schema in their order; none of what is no object.
std::vector<FieldInfo> fields_of(const Json& schema);

class Catalogue {
 public:
  explicit Catalogue(const Json& openapi_document);
  /// Of this program: needs no pod. Made once.
  static const Catalogue& own();
  /// Of this program, those of one group alone ("notes"): soon made, since all of them are many.
  static Catalogue own_group(std::string_view group);

  const std::vector<ProcedureInfo>& all() const { return all_; }
  const ProcedureInfo* find(std::string_view path) const;
  std::vector<std::string> paths() const;

 private:
  std::vector<ProcedureInfo> all_;
};

}  // namespace synap::cli

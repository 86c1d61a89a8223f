#include "projections/projection.h"

#include <algorithm>

#include "base/crypto.h"

namespace synap::projections {

std::string layout_of(const Projection& projection) {
  Json tables = Json::array();
  for (const auto& table : projection.tables) tables.push_back(db::to_json(table));
  return tables.dump();
}

std::string version_of(const Projection& projection, const events::EventTypes& types) {
  Json folded = Json::array();
  auto names = projection.types;
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    const auto* info = types.find(name);
    SYNAP_CHECK(info != nullptr, name);
    folded.push_back(Json::object(
        {{"type", name},
         {"version", info->options.data_version},
         {"erased", info->options.on_erased == events::OnErased::kSkip ? "skip" : "fold"}}));
  }
  const auto text = Json::object({{"name", projection.name},
                                  {"inline", projection.kind == Projection::Kind::kInline},
                                  {"tables", layout_of(projection)},
                                  {"types", std::move(folded)},
                                  {"revision", projection.revision},
                                  {"dependsOn", projection.depends_on}})
                        .dump();
  return to_hex(sha256(text)).substr(0, 16);
}

}  // namespace synap::projections

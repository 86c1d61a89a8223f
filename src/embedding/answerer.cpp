#include "embedding/answerer.h"

#include <fmt/format.h>

#include <memory>

#include "base/json.h"

namespace synap::embedding {

std::optional<Error> other_answerer(std::string_view model, std::string_view before,
                                    std::string_view now) {
  if (before.empty() || now.empty() || before == now) return std::nullopt;
  return Error{
      Code::kPreconditionFailed,
      fmt::format("another model answers for {}: the vectors that there are were made by {}, and "
                  "now {} answers, whose vectors cannot be compared with these. Have the former "
                  "answer again, or give the model another name at its provider and in the "
                  "settings, by which all is embedded anew",
                  model, before, now),
      std::make_shared<const Json>(Json::object({{"reason", "MODEL_ANOTHER"}}))};
}

}  // namespace synap::embedding

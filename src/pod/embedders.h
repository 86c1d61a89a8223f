// The embedders of a pod: sentence models that were added to it, and the providers that its
// settings name for vectors, if there are some.
#pragma once

#include <memory>
#include <string>

#include "embedding/embedders.h"
#include "models/models.h"
#include "pod/pod.h"
#include "search/search.h"

namespace synap::pod {

/// `directory` has the sentence models. `wanted` is the id of the one to use; empty: the
/// first provider's, since whoever sets one wants it to be asked, or else the model that was added
/// last. `models` must outlive what this gives.
std::shared_ptr<embedding::Embedders> make_embedders(std::string directory, std::string wanted,
                                                     models::Models& models);
/// With these, as the settings say it.
search::MeaningOptions meaning_options(const PodOptions& options, models::Models& models);

}  // namespace synap::pod

#include "bus/function_meter.h"

#include <algorithm>

namespace synap::bus {

std::shared_ptr<FunctionMeter> FunctionMeters::of(const std::string& id) {
  if (const auto known = own_.find(id); known != own_.end()) {
    if (auto meter = known->second.lock()) return meter;
  }
  if (own_.size() >= kOwnMax) {
    std::erase_if(own_, [](const auto& one) { return one.second.expired(); });
  }
  if (own_.size() >= kOwnMax) {
    if (others_ == nullptr) others_ = std::make_shared<FunctionMeter>();
    return others_;
  }
  auto meter = std::make_shared<FunctionMeter>();
  own_[id] = meter;
  return meter;
}

std::vector<std::pair<std::string, std::shared_ptr<const FunctionMeter>>> FunctionMeters::all()
    const {
  std::vector<std::pair<std::string, std::shared_ptr<const FunctionMeter>>> all;
  for (const auto& [id, meter] : own_) {
    if (auto held = meter.lock()) all.emplace_back(id, std::move(held));
  }
  std::ranges::sort(all, {}, [](const auto& one) -> const std::string& { return one.first; });
  if (others_ != nullptr) all.emplace_back(kOthers, others_);
  return all;
}

}  // namespace synap::bus

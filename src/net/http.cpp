#include "net/http.h"

#include "net/ascii.h"

namespace synap::net {

const std::string* Headers::find(std::string_view name) const {
  for (const auto& field : fields_) {
    if (equal_ignoring_case(field.name, name)) return &field.value;
  }
  return nullptr;
}

void Headers::add(std::string name, std::string value) {
  fields_.push_back({std::move(name), std::move(value)});
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(fields_,
                [&](const Header& field) { return equal_ignoring_case(field.name, name); });
  add(std::move(name), std::move(value));
}

Task<Admission> Handler::admit(const Request&) {
  co_return Admission{.account = "everybody"};
}

}  // namespace synap::net

// What was released once is read for ever. Each type of event has a file for each version of its
// data; a version that is released gets one, and none is ever changed.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/test_support.h"
#include "pod/description.h"

namespace synap::pod {
namespace {

std::string fixture(const std::string& type, std::int64_t version) {
  return std::string(SYNAP_FORMATS) + "/events/" + type + "." + std::to_string(version) + ".json";
}

TEST(Formats, EveryVersionOfEveryEventsDataIsRead) {
  const Description description;
  for (const auto* info : description.types().all()) {
    for (std::int64_t version = 1; version <= info->options.data_version; ++version) {
      const auto file = fixture(info->name, version);
      ASSERT_TRUE(std::filesystem::exists(file)) << file;
      events::EventFields fields;
      fields.type = info->name;
      fields.data_version = version;
      fields.position = 1;
      fields.user_id = "ann";
      fields.data = test::read_file(file);
      const auto event = std::make_shared<const events::Event>(fields);
      const auto current = description.types().current(event);
      ASSERT_TRUE(current) << file << ": " << current.error().message;
      const auto json = parse_json((*current)->data);
      ASSERT_TRUE(json) << file;
      const auto valid = validate(info->data, *json);
      EXPECT_TRUE(valid) << file << ": " << valid.error().message;
      // And as its struct, for whoever folds or handles it.
      if (info->options.decode == nullptr) continue;
      EXPECT_NE(info->options.decode(*event, info->options), nullptr) << file;
    }
  }
}

TEST(Formats, EveryFileIsOfATypeThatIsKnown) {
  const Description description;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SYNAP_FORMATS) + "/events")) {
    const auto type = entry.path().stem().stem().string();
    EXPECT_NE(description.types().find(type), nullptr) << entry.path();
  }
}

}  // namespace
}  // namespace synap::pod

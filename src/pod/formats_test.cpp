// What was released once is read for ever. Each type of event has a file for each version of its
// data; a version that is released gets one, and none is ever changed.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/test_support.h"
#include "pod/description.h"

namespace synap::pod {
namespace {

// The files of one version of an event's data: one as it was first, and in "added" one for each set
// of fields that was added to it since, as type.1-imported.json.
std::vector<std::string> fixtures(const std::string& type, std::int64_t version) {
  const auto name = type + "." + std::to_string(version);
  std::vector<std::string> files = {std::string(SYNAP_FORMATS) + "/events/" + name + ".json"};
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SYNAP_FORMATS) + "/added")) {
    if (entry.path().filename().string().starts_with(name + "-")) files.push_back(entry.path());
  }
  return files;
}

void expect_read(const Description& description, const events::EventTypes::Info& info,
                 std::int64_t version, const std::string& file) {
  ASSERT_TRUE(std::filesystem::exists(file)) << file;
  events::EventFields fields;
  fields.type = info.name;
  fields.data_version = version;
  fields.position = 1;
  fields.user_id = "ann";
  fields.data = test::read_file(file);
  const auto event = std::make_shared<const events::Event>(fields);
  const auto current = description.types().current(event);
  ASSERT_TRUE(current) << file << ": " << current.error().message;
  const auto json = parse_json((*current)->data);
  ASSERT_TRUE(json) << file;
  const auto valid = validate(info.data, *json);
  EXPECT_TRUE(valid) << file << ": " << valid.error().message;
  // And as its struct, for whoever folds or handles it.
  if (info.options.decode == nullptr) return;
  EXPECT_NE(info.options.decode(*event, info.options), nullptr) << file;
}

TEST(Formats, EveryVersionOfEveryEventsDataIsRead) {
  const Description description;
  for (const auto* info : description.types().all()) {
    for (std::int64_t version = 1; version <= info->options.data_version; ++version) {
      for (const auto& file : fixtures(info->name, version)) {
        expect_read(description, *info, version, file);
      }
    }
  }
}

TEST(Formats, EveryFileIsOfATypeThatIsKnown) {
  const Description description;
  const std::filesystem::path all = std::string(SYNAP_FORMATS) + "/events";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(all)) {
    if (entry.is_directory()) continue;
    const auto type = entry.path().lexically_relative(all).replace_extension().stem();
    const auto folder = entry.path().lexically_relative(all).parent_path();
    EXPECT_NE(description.types().find((folder / type).string()), nullptr) << entry.path();
  }
}

}  // namespace
}  // namespace synap::pod

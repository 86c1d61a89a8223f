// Runs every transcript of this folder: a line that begins with "> " is a command, the lines under
// it are what it must answer, "# " is for people. SYNAP_UPDATE=1 writes what was answered into the
// files instead, to be read before it is believed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "rig.h"

namespace synap::scenarios {
namespace {

std::string played(const std::string& transcript) {
  Rig rig;
  std::istringstream lines(transcript);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with("#")) out += line + "\n";
    if (!line.starts_with("> ")) continue;
    out += line + "\n" + rig.command(line.substr(2));
  }
  return out;
}

class Scenario final : public testing::Test {
 public:
  explicit Scenario(std::filesystem::path path) : path_(std::move(path)) {}
  void TestBody() override {
    const auto expected = test::read_file(path_.string());
    testing::internal::CaptureStderr();  // dead letters are logged
    const auto actual = played(expected);
    testing::internal::GetCapturedStderr();
    if (std::getenv("SYNAP_UPDATE") != nullptr) std::ofstream(path_) << actual;
    else EXPECT_EQ(actual, expected);
  }

 private:
  std::filesystem::path path_;
};

std::string claim_of(const std::filesystem::path& path) {
  std::string claim;
  bool begins = true;
  for (const char c : path.stem().string()) {
    if (c != '_') claim.push_back(begins ? static_cast<char>(c - 'a' + 'A') : c);
    begins = c == '_';
  }
  return claim;
}

}  // namespace
}  // namespace synap::scenarios

int main(int count, char** arguments) {
  using synap::scenarios::Scenario;
  testing::InitGoogleTest(&count, arguments);
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(SYNAP_SCENARIOS)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    testing::RegisterTest("Scenario", synap::scenarios::claim_of(path).c_str(), nullptr, nullptr,
                          __FILE__, __LINE__,
                          [path]() -> testing::Test* { return new Scenario(path); });
  }
  return RUN_ALL_TESTS();
}

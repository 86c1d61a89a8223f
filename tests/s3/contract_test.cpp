// The contract of content stores, on real S3 servers.
#include "content/s3/s3_store.h"
#include "content/store_contract.h"
#include "s3/server.h"

namespace synap::content::contract {
namespace {

using s3test::Server;

class S3Storage final : public Storage {
 public:
  explicit S3Storage(S3Settings settings) : settings_(std::move(settings)) {}
  std::unique_ptr<content::ContentStore> open() override {
    auto store = S3Store::open(settings_);
    SYNAP_CHECK(store.has_value(), store ? "" : store.error().message);
    return std::move(*store);
  }

 private:
  const S3Settings settings_;
};

std::string this_test() {
  const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  return name.substr(0, name.find('/'));
}

// The whole list of what one of the servers does not keep.
//   SeaweedFS lists by directories, each by its name: "ann/note-x/" behind all of "ann/note/".
//   Pages of it are complete and go on where they ended (S3StoreTest.ListsAllOnceWhateverTheOrder).
const std::vector<std::string> kNotKeptBySeaweed = {"ListIsInTheOrderOfThePathsAndResumes"};

std::unique_ptr<Storage> make_seaweed() {
  if (std::ranges::count(kNotKeptBySeaweed, this_test()) > 0) {
    [] { GTEST_SKIP() << "SeaweedFS has an order of its own"; }();
  }
  return std::make_unique<S3Storage>(s3test::seaweed().settings());
}

std::vector<Engine> engines() {
  std::vector<Engine> all;
  if (!Server::program(Server::Kind::kSeaweed).empty()) all.push_back({"SeaweedFS", make_seaweed});
  if (!Server::program(Server::Kind::kVersity).empty()) {
    all.push_back(
        {"VersityGW", [] { return std::make_unique<S3Storage>(s3test::versity().settings()); }});
  }
  if (!s3test::given().endpoint.empty()) {
    all.push_back({"Given", [] { return std::make_unique<S3Storage>(s3test::given()); }});
  }
  return all;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(S3, ContentStore, testing::ValuesIn(engines()), engine_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ContentStore);

// A lane that cannot run proves nothing, and must not look as if it did.
TEST(S3Servers, AreInstalled) {
  EXPECT_FALSE(Server::program(Server::Kind::kSeaweed).empty())
      << "SeaweedFS is missing; run once: tools/pip_install.sh";
}

}  // namespace synap::content::contract

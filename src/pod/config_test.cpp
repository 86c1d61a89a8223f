#include "pod/config.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/test_support.h"

namespace synap::pod {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    path_ = std::filesystem::temp_directory_path() /
            ("synap-config-" + std::to_string(::getpid()) + ".toml");
  }
  ~ConfigTest() override { std::filesystem::remove(path_); }

  Result<Config> load(const std::string& toml) {
    std::ofstream(path_) << toml;
    sources_.file = path_;
    return load_config(sources_);
  }
  std::string refusal(const std::string& toml) {
    auto config = load(toml);
    return config ? "accepted" : config.error().message;
  }

  std::string path_;
  ConfigSources sources_;
};

TEST_F(ConfigTest, HasDefaultsWithoutAnySource) {
  const auto config = load_config({});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->pod.data, "./synap-data");
  EXPECT_EQ(config->pod.host, "127.0.0.1");
  EXPECT_EQ(config->pod.port, 4400);
}

TEST_F(ConfigTest, RefusesANulInASetting) {
  for (const char* toml :
       {"data = \"p\\u0000x\"\n", "listen = \"127.0.0.1:4400\\u0000\"\n",
        "allowed_origins = [\"https://a.example\", \"https://b.example\\u0000\"]\n"}) {
    EXPECT_THAT(refusal(toml), HasSubstr("has a NUL character (\\u0000) in it")) << toml;
    EXPECT_THAT(refusal(toml), HasSubstr("line 1")) << toml;
  }
}

TEST_F(ConfigTest, ReadsEverySettingFromAFile) {
  const auto config = load(R"(
data = "/srv/synap"
listen = "[::1]:5000"
http_threads = 3
worker_concurrency = 64
allowed_origins = ["https://a.example", "https://b.example"]
body_bytes_max = 2048
batch_max = 7
calls_per_second_max = 20
header_bytes_max = 8192
connections_max = 50
head_timeout_ms = 1
body_timeout_ms = 2
idle_timeout_ms = 3
write_timeout_ms = 4
stop_grace_ms = 1500
insecure = true
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pod.data, "/srv/synap");
  EXPECT_EQ(config->pod.host, "::1");
  EXPECT_EQ(config->pod.port, 5000);
  EXPECT_EQ(config->pod.http_threads, 3);
  EXPECT_EQ(config->pod.worker_concurrency, 64);
  EXPECT_THAT(config->pod.allowed_origins, ElementsAre("https://a.example", "https://b.example"));
  EXPECT_EQ(config->pod.body_bytes_max, 2048u);
  EXPECT_EQ(config->pod.batch_max, 7u);
  EXPECT_EQ(config->pod.calls_per_second_max, 20);
  EXPECT_EQ(config->pod.header_bytes_max, 8192u);
  EXPECT_EQ(config->pod.connections_max, 50u);
  EXPECT_EQ(config->pod.head_timeout, std::chrono::milliseconds(1));
  EXPECT_EQ(config->pod.body_timeout, std::chrono::milliseconds(2));
  EXPECT_EQ(config->pod.idle_timeout, std::chrono::milliseconds(3));
  EXPECT_EQ(config->pod.write_timeout, std::chrono::milliseconds(4));
  EXPECT_EQ(config->pod.stop_grace, std::chrono::milliseconds(1500));
  EXPECT_TRUE(config->is_insecure);
}

TEST_F(ConfigTest, VariablesBeatTheFileAndFlagsBeatBoth) {
  sources_.environment = {{"SYNAP_HTTP_THREADS", "4"}, {"SYNAP_BATCH_MAX", "20"}};
  sources_.flags = {{"batch_max", "30"}};
  const auto config = load("http_threads = 3\nbatch_max = 10\nworker_concurrency = 5\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pod.worker_concurrency, 5);
  EXPECT_EQ(config->pod.http_threads, 4);
  EXPECT_EQ(config->pod.batch_max, 30u);
}

TEST_F(ConfigTest, TakesWhatOpenTelemetrysOwnVariablesSay) {
  sources_.environment = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"},
                          {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret"},
                          {"OTEL_SERVICE_NAME", ""},
                          {"OTEL_TRACES_SAMPLER_ARG", "0.25"},
                          {"OTEL_SOMETHING_ELSE", "x"}};
  auto config = load("");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pod.traces.endpoint, "http://127.0.0.1:4318");
  EXPECT_EQ(config->pod.traces.headers, "api-key=secret");
  EXPECT_EQ(config->pod.traces.service_name, "synap");
  EXPECT_EQ(config->pod.traces.ratio, 0.25);
  EXPECT_TRUE(config->warnings.empty());
  for (const auto& setting : config->pod.settings) {
    EXPECT_EQ(setting.value.find("secret"), std::string::npos) << setting.name;
  }
  sources_.environment["SYNAP_OTLP_ENDPOINT"] = "http://other:4318";
  config = load("trace_ratio = 0.5\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pod.traces.endpoint, "http://other:4318") << "the pod's own says more";
  EXPECT_EQ(config->pod.traces.ratio, 0.25);
  sources_.environment = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector"}};
  EXPECT_THAT(refusal(""), HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT must be a URL"));
  sources_.environment = {};
  EXPECT_EQ(load("trace_ratio = 0.5\n")->pod.traces.ratio, 0.5);
  EXPECT_THAT(refusal("trace_ratio = 1.5\n"),
              HasSubstr("trace_ratio must be a number from 0 to 1"));
  EXPECT_THAT(refusal("otlp_headers = \"nothing\"\n"),
              HasSubstr("otlp_headers must be NAME=VALUE"));
}

TEST_F(ConfigTest, RemembersWhereEachSettingCameFromAndShowsNoSecret) {
  sources_.environment = {{"SYNAP_HTTP_THREADS", "4"}, {"SYNAP_METRICS_KEY", "0123456789abcdef"}};
  sources_.flags = {{"batch_max", "30"},
                    {"allowed_origins", "https://a.example,https://b.example"}};
  const auto config = load("http_threads = 3\nhead_timeout_ms = 7\n");
  ASSERT_TRUE(config) << config.error().message;
  std::map<std::string, SettingInForce> all;
  for (const auto& setting : config->pod.settings) {
    EXPECT_FALSE(setting.description.empty()) << setting.name;
    EXPECT_EQ(setting.value.find("0123456789"), std::string::npos);
    all[setting.name] = setting;
  }
  // And those that only a file can say.
  EXPECT_EQ(all.size(), settings().size() + 4);
  EXPECT_EQ(all["models.chat"].from, "default");
  const auto told = [&](const char* name) {
    const auto& setting = all[name];
    return setting.value + " | " + setting.default_value + " | " + setting.from;
  };
  EXPECT_EQ(told("http_threads"), "4 | 2 | environment");
  EXPECT_EQ(told("batch_max"), "30 | 100 | flag");
  EXPECT_EQ(told("head_timeout_ms"), "7 | 10000 | file");
  EXPECT_EQ(told("body_timeout_ms"), "30000 | 30000 | default");
  EXPECT_EQ(told("listen"), "127.0.0.1:4400 | 127.0.0.1:4400 | default");
  EXPECT_EQ(told("allowed_origins"), "https://a.example, https://b.example |  | flag");
  EXPECT_EQ(told("metrics_key"), "(set) | (not set) | environment");
  EXPECT_EQ(told("log_level"), "info | info | default");
  EXPECT_EQ(told("insecure"), "false | false | default");
}

TEST_F(ConfigTest, ReadsListsAndSwitchesFromText) {
  sources_.environment = {{"SYNAP_ALLOWED_ORIGINS", "https://a.example, https://b.example"},
                          {"SYNAP_INSECURE", "true"}};
  const auto config = load_config(sources_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->pod.allowed_origins, ElementsAre("https://a.example", "https://b.example"));
  EXPECT_TRUE(config->is_insecure);
}

TEST_F(ConfigTest, AnUnknownKeyIsRefusedWithItsLineAndWhatThereIs) {
  const auto sentence = refusal("data = \"x\"\n\nwhatever_on = \"127.0.0.1:1\"\n");
  EXPECT_THAT(sentence, HasSubstr(path_ + ", line 3: there is no setting \"whatever_on\"; there"));
  EXPECT_THAT(sentence, HasSubstr("data, listen, http_threads"));
  EXPECT_THAT(refusal("lisen = \"127.0.0.1:1\"\n"),
              EndsWith("there is no setting \"lisen\"; did you mean \"listen\"?"));
}

TEST_F(ConfigTest, AWrongValueIsRefusedWithItsLineAndWhatIsAllowed) {
  EXPECT_THAT(refusal("data = \"x\"\nhttp_threads = \"4\"\n"),
              EndsWith("line 2: http_threads must be a whole number from 1 to 256"));
  EXPECT_THAT(refusal("batch_max = 0\n"),
              EndsWith("line 1: batch_max must be a whole number from 1 to 10000"));
  EXPECT_THAT(refusal("allowed_origins = [1]\n"), HasSubstr("allowed_origins must be a list"));
  EXPECT_THAT(refusal("insecure = \"yes\"\n"), EndsWith("insecure must be true or false"));
  EXPECT_THAT(refusal("listen = \"example.org:1\"\n"), HasSubstr("listen must be HOST:PORT"));
  EXPECT_THAT(refusal("data = 1979-05-27\n"), HasSubstr("data must be the path"));
  EXPECT_THAT(refusal("[data]\nx = 1\n"), HasSubstr("line 1: data must be the path"));
}

TEST_F(ConfigTest, ARequestThatWouldNeverFindRoomIsRefused) {
  EXPECT_THAT(refusal("body_bytes_max = 100000000\n"), HasSubstr("bytes_in_flight_key_max"));
  EXPECT_EQ(refusal("body_bytes_max = 100000000\nbytes_in_flight_key_max = 100000000\n"),
            "accepted");
}

TEST_F(ConfigTest, NotAllConnectionsCanBeKeptForKnownCallers) {
  EXPECT_THAT(refusal("connections_max = 10\nconnections_kept = 10\n"), HasSubstr("less than"));
  EXPECT_EQ(refusal("connections_max = 10\nconnections_kept = 9\n"), "accepted");
}

TEST_F(ConfigTest, APublicUrlIsOne) {
  EXPECT_EQ(load("public_url = \"https://notes.example\"\n")->pod.public_url,
            "https://notes.example");
  EXPECT_THAT(refusal("public_url = \"notes.example\"\n"), HasSubstr("public_url must be a URL"));
}

TEST_F(ConfigTest, BrokenTomlIsRefusedWithItsLine) {
  EXPECT_THAT(refusal("data = \"x\"\nlisten = = 4\n"),
              HasSubstr(path_ + ", line 2: this is no TOML"));
}

TEST_F(ConfigTest, AMissingFileIsSaidToBeMissing) {
  sources_.file = "/nonexistent/synap.toml";
  const auto config = load_config(sources_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Code::kNotFound);
  EXPECT_THAT(config.error().message, HasSubstr("/nonexistent/synap.toml"));
}

TEST_F(ConfigTest, WrongVariablesAndFlagsAreNamedAsTheyAreWritten) {
  sources_.environment = {{"SYNAP_STOP_GRACE_MS", "soon"}};
  auto config = load_config(sources_);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("SYNAP_STOP_GRACE_MS must be a whole number"));
  config = load_config({.file = {}, .environment = {}, .flags = {{"http_threads", "1e3"}}});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("--http-threads must be a whole number"));
}

TEST_F(ConfigTest, AVariableThatMeansNothingIsMentioned) {
  sources_.environment = {{"SYNAP_LISTN", "x"}, {"SYNAP_URL", "http://x"}, {"HOME", "/root"}};
  const auto config = load_config(sources_);
  ASSERT_TRUE(config);
  EXPECT_THAT(config->warnings, ElementsAre("The variable SYNAP_LISTN means nothing to a pod; did "
                                            "you mean \"SYNAP_LISTEN\"?"));
}

TEST_F(ConfigTest, KeepsRunsAndThreadsForEverUnlessItIsToldOtherwise) {
  EXPECT_EQ(load("")->pod.runs.age.count(), 0);
  EXPECT_EQ(load("")->pod.threads_age.count(), 0);
  const auto config = load("runs_retention = \"36h\"\nthreads_retention = \"90d\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pod.runs.age, std::chrono::hours(36));
  EXPECT_EQ(config->pod.threads_age, std::chrono::days(90));
  for (const std::string name : {"runs_retention", "threads_retention"}) {
    EXPECT_TRUE(load(name + " = \"0\"\n"));
    for (const char* text : {"\"59m\"", "\"-1h\"", "\"90\"", "\"\"", "90"}) {
      EXPECT_THAT(refusal(name + " = " + text + "\n"), HasSubstr("of an hour at least, or 0"))
          << text;
    }
  }
}

TEST_F(ConfigTest, GuardsAgentsUnlessItIsToldOtherwise) {
  EXPECT_TRUE(load("")->pod.guards_agents);
  EXPECT_TRUE(load("agent_guard = \"on\"\n")->pod.guards_agents);
  EXPECT_FALSE(load("agent_guard = \"off\"\n")->pod.guards_agents);
  for (const char* text : {"\"no\"", "false", "\"\""}) {
    EXPECT_THAT(refusal(std::string("agent_guard = ") + text + "\n"),
                HasSubstr("agent_guard must be on or off"));
  }
}

TEST_F(ConfigTest, BoundsChainsOfAgents) {
  const auto config =
      load("agent_chain_depth_max = 3\nagent_chain_runs_max = 7\nagent_runs_per_hour_max = 0\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->pod.agent_chains.depth_max, 3);
  EXPECT_EQ(config->pod.agent_chains.runs_max, 7);
  EXPECT_EQ(config->pod.agent_chains.runs_per_hour_max, 0);
  EXPECT_EQ(config->pod.agent_chains.tokens_max, 1'000'000) << "as docs/agents.md says";
  EXPECT_EQ(config->pod.agent_chains.cost_max, 5);
  const auto of_models = load("agent_chain_tokens_max = 0\nagent_chain_cost_max = 2.5\n");
  ASSERT_TRUE(of_models);
  EXPECT_EQ(of_models->pod.agent_chains.tokens_max, 0);
  EXPECT_EQ(of_models->pod.agent_chains.cost_max, 2.5);
  EXPECT_THAT(refusal("agent_chain_tokens_max = -1\n"), HasSubstr("from 0 to 1000000000000"));
  EXPECT_THAT(refusal("agent_chain_tokens_max = 23999\n"),
              HasSubstr("agent_chain_tokens_max must be 0, for any number, or at least 24000"));
  EXPECT_TRUE(load("agent_chain_tokens_max = 24000\n"));
  const auto with_model = [](std::string_view tokens) {
    return fmt::format(
        "agent_chain_tokens_max = {}\n[[models.chat]]\nurl = \"http://127.0.0.1/v1\"\n"
        "model = \"m\"\n",
        tokens);
  };
  EXPECT_THAT(refusal(with_model("28095")),
              HasSubstr("at least 28096, which one call of a model may take: 24000 of a question "
                        "and 4096 of an answer (tokens_max of models.chat)"));
  EXPECT_TRUE(load(with_model("28096")));
  EXPECT_TRUE(load(with_model("0")));
  EXPECT_THAT(refusal("agent_chain_cost_max = -0.5\n"), HasSubstr("a number from 0 to 1000000"));
  EXPECT_THAT(refusal("agent_chain_depth_max = 0\n"), HasSubstr("from 1 to 1000"));
  EXPECT_THAT(refusal("agent_chain_runs_max = 0\n"), HasSubstr("from 1 to 1000000"));
}

TEST_F(ConfigTest, AnAddressOthersCanReachNeedsInsecure) {
  EXPECT_THAT(refusal("listen = \"0.0.0.0:4400\"\n"), HasSubstr("--insecure"));
  EXPECT_THAT(refusal("listen = \"[::]:4400\"\n"), HasSubstr("[::]:4400 can be reached by others"));
  EXPECT_EQ(refusal("listen = \"0.0.0.0:4400\"\ninsecure = true\n"), "accepted");
  EXPECT_EQ(refusal("listen = \"127.3.2.1:4400\"\n"), "accepted");
}

TEST_F(ConfigTest, AnInngestServerAsBusNeedsItsAddressAndAKey) {
  EXPECT_THAT(refusal("bus = \"inngest\""), HasSubstr("needs inngest_url"));
  EXPECT_THAT(refusal("bus = \"inngest\"\ninngest_url = \"http://127.0.0.1:8288\""),
              HasSubstr("needs inngest_signing_key"));
  EXPECT_THAT(refusal("bus = \"other\""), HasSubstr("bus must be local or inngest"));
  EXPECT_THAT(refusal("inngest_url = \"http://127.0.0.1:8288/\""), HasSubstr("without a slash"));
  EXPECT_THAT(refusal("inngest_app = \"a b\""), HasSubstr("letters, digits"));
  const auto config = load(R"(
bus = "inngest"
inngest_url = "https://api.inngest.com"
inngest_event_url = "https://inn.gs"
inngest_event_key = "event-key"
inngest_signing_key = "signkey-prod-00ff"
inngest_signing_key_fallback = "signkey-prod-11ff"
inngest_app = "pod-a"
inngest_serve_url = "https://pod.example/api/inngest"
inngest_event_prefix = "pod-a/"
inngest_events = ["note.*"]
)");
  ASSERT_TRUE(config) << config.error().message;
  const auto& bus = config->pod.inngest_bus;
  EXPECT_TRUE(bus.is_on);
  EXPECT_EQ(bus.url, "https://api.inngest.com");
  EXPECT_EQ(bus.event_url, "https://inn.gs");
  EXPECT_EQ(bus.app, "pod-a");
  EXPECT_THAT(bus.events, ElementsAre("note.*"));
  for (const auto& setting : config->pod.settings) {
    EXPECT_FALSE(setting.value.contains("signkey") || setting.value == "event-key") << setting.name;
  }
  EXPECT_TRUE(load("dev = true\nbus = \"inngest\"\ninngest_url = \"http://127.0.0.1:8288\""));
}

TEST(ParseAddress, KnowsWhatAnAddressIs) {
  EXPECT_EQ(parse_address("localhost:0")->host, "127.0.0.1");
  EXPECT_EQ(parse_address("[::1]:65535")->port, 65535);
  for (const auto* wrong :
       {"", "4400", ":4400", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:4400x", "::1:4400", "[127.0.0.1]:1", "a:1", "127.1:4400"}) {
    EXPECT_FALSE(parse_address(wrong)) << wrong;
  }
}

TEST_F(ConfigTest, APodStandsByForADatabaseOnAServer) {
  sources_.flags = {{"standby", "true"}};
  const auto refused = load_config(sources_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("standby needs `database`"));
  sources_.flags["database"] = "postgres://a/b";
  const auto config = load_config(sources_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->is_standby);
}

TEST_F(ConfigTest, ManyNodesNeedADatabaseOnAServerAndTheirOwnBus) {
  sources_.flags = {{"nodes", "many"}};
  const auto in_directory = load_config(sources_);
  ASSERT_FALSE(in_directory);
  EXPECT_THAT(in_directory.error().message, HasSubstr("needs `database`"));
  sources_.flags["database"] = "postgres://a/b";
  const auto config = load_config(sources_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->pod.node.is_one_of_many);
  sources_.flags["inngest_url"] = "http://127.0.0.1:8288";
  const auto with_inngest = load_config(sources_);
  ASSERT_FALSE(with_inngest);
  EXPECT_THAT(with_inngest.error().message, HasSubstr("Inngest server"));
}

TEST_F(ConfigTest, APoolerIsBeforeADatabaseOnAServerAndNobodyStandsByThere) {
  sources_.flags = {{"database_pooler", "transaction"}};
  const auto in_directory = load_config(sources_);
  ASSERT_FALSE(in_directory);
  EXPECT_THAT(in_directory.error().message, HasSubstr("needs `database`"));
  sources_.flags["database"] = "postgres://a/b";
  const auto config = load_config(sources_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->pod.is_database_pooled);
  sources_.flags["standby"] = "true";
  const auto on_standby = load_config(sources_);
  ASSERT_FALSE(on_standby);
  EXPECT_THAT(on_standby.error().message, HasSubstr("cannot stand by"));
  sources_.flags["database_pooler"] = "session";
  EXPECT_FALSE(load_config(sources_));
}

// An empty file would mean: all settings as they are by default.
TEST_F(ConfigTest, RefusesAFileThatIsNone) {
  const test::TempDirectory directory;
  const auto pipe = directory.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {directory.path(), std::string("/dev/zero"), pipe}) {
    sources_.file = path;
    const auto refused = load_config(sources_);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, Code::kBadRequest);
    EXPECT_THAT(refused.error().message, HasSubstr(path + " is no regular file"));
  }
  const auto large = directory.path() + "/large.toml";
  std::ofstream(large) << "# " << std::string(2'000'000, 'x') << "\n";
  sources_.file = large;
  const auto refused = load_config(sources_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("larger than"));
}

// ---- content in a bucket

constexpr const char* kBucket = R"(
content = "s3"
s3_endpoint = "https://s3.example.org"
s3_bucket = "pod-content"
s3_region = "eu-central-1"
s3_prefix = "pods/ann/"
s3_access_key = "open-key"
s3_secret_key = "very-secret-key"
s3_path_style = false
)";

TEST_F(ConfigTest, KeepsContentInTheDataDirectoryUnlessItIsToldOtherwise) {
  EXPECT_FALSE(load_config({})->pod.content.is_in_s3);
  EXPECT_TRUE(load_config({})->pod.content.s3.is_path_style);
  EXPECT_THAT(refusal("content = \"tape\""), HasSubstr("content must be local or s3"));
}

TEST_F(ConfigTest, ReadsWhereABucketIs) {
  const auto config = load(kBucket);
  ASSERT_TRUE(config) << config.error().message;
  const auto& content = config->pod.content;
  EXPECT_TRUE(content.is_in_s3);
  EXPECT_EQ(content.s3.endpoint, "https://s3.example.org");
  EXPECT_EQ(content.s3.bucket, "pod-content");
  EXPECT_EQ(content.s3.region, "eu-central-1");
  EXPECT_EQ(content.s3.prefix, "pods/ann/");
  EXPECT_EQ(content.s3.access_key, "open-key");
  EXPECT_EQ(content.s3.secret_key, "very-secret-key");
  EXPECT_FALSE(content.s3.is_path_style);
}

TEST_F(ConfigTest, ShowsNoKeyOfABucket) {
  const auto config = load(kBucket);
  ASSERT_TRUE(config);
  int secrets = 0;
  for (const auto& setting : config->pod.settings) {
    EXPECT_THAT(setting.value, testing::Not(HasSubstr("very-secret")));
    EXPECT_THAT(setting.value, testing::Not(HasSubstr("open-key")));
    if (setting.name == "s3_access_key" || setting.name == "s3_secret_key") {
      EXPECT_EQ(setting.value, "(set)");
      ++secrets;
    }
  }
  EXPECT_EQ(secrets, 2);
  auto broken = std::string(kBucket);
  broken.replace(broken.find("very-secret-key"), 15, "very secret key");
  EXPECT_THAT(refusal(broken),
              testing::AllOf(HasSubstr("s3_secret_key"), testing::Not(HasSubstr("very secret"))));
}

TEST_F(ConfigTest, ReadsTheKeysOfABucketFromFilesAndTheEnvironment) {
  const test::TempDirectory directory;
  const auto path = directory.path() + "/secret";
  std::ofstream(path) << "from-a-file\n";
  std::string toml = kBucket;
  toml.erase(toml.find("s3_secret_key"), toml.find("s3_path_style") - toml.find("s3_secret_key"));
  EXPECT_THAT(refusal(toml), HasSubstr("s3_secret_key is missing"));
  EXPECT_EQ(load(toml + "s3_secret_key_file = \"" + path + "\"\n")->pod.content.s3.secret_key,
            "from-a-file");
  EXPECT_THAT(refusal(std::string(kBucket) + "s3_secret_key_file = \"" + path + "\"\n"),
              HasSubstr("both set"));
  EXPECT_THAT(refusal(toml + "s3_secret_key_file = \"" + path + "-none\"\n"),
              HasSubstr("s3_secret_key_file"));
  std::ofstream(path) << "\n";
  EXPECT_THAT(refusal(toml + "s3_secret_key_file = \"" + path + "\"\n"), HasSubstr("is empty"));
  sources_.environment = {{"SYNAP_S3_SECRET_KEY", "from-the-environment"},
                          {"SYNAP_S3_PATH_STYLE", "true"}};
  const auto config = load(toml);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pod.content.s3.secret_key, "from-the-environment");
  EXPECT_TRUE(config->pod.content.s3.is_path_style);
}

TEST_F(ConfigTest, RefusesABucketThatIsNoneOnlyWhereItIsUsed) {
  std::string toml = kBucket;
  toml.replace(toml.find("pod-content"), 11, "Pod Content");
  EXPECT_THAT(refusal(toml), HasSubstr("s3_bucket"));
  toml.replace(toml.find("\"s3\""), 4, "\"local\"");
  EXPECT_TRUE(load(toml));
  EXPECT_THAT(refusal("content = \"s3\""), HasSubstr("s3_endpoint"));
}

}  // namespace
}  // namespace synap::pod

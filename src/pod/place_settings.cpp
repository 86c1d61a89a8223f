// The settings of where a pod keeps what it has.
#include "pod/settings.h"

namespace synap::pod {
namespace {

// A text that is looked at with all others, when it is known whether it is needed.
Setting text_of(std::string_view name, std::string_view docs, std::string expected,
                std::string& (*member)(Config&)) {
  return {{name, docs},
          std::move(expected),
          [member](Config& config, const SettingValue& value) {
            const auto* text = std::get_if<std::string>(&value);
            if (text != nullptr) member(config) = *text;
            return text != nullptr;
          },
          [member](const Config& config) {
            Config copy = config;
            return member(copy);
          }};
}

}  // namespace

void add_place_settings(std::vector<Setting>& all) {
  all.push_back(
      text_of("database",
              "Where events, runs and read models are kept, if not in the data directory: "
              "a database of a PostgreSQL server, as postgres://synap@db.example.org/synap.",
              "the URL of a database, as postgres://user@host/name",
              [](Config& c) -> std::string& { return c.pod.database; }));
  all.back().info.is_secret = true;
  all.push_back(text_of("database_file", "A file that holds the URL of the database.",
                        "the path of a file",
                        [](Config& c) -> std::string& { return c.database_file; }));
  all.push_back(
      {{"database_pooler",
        "What the database's connections go through: none that matters; or transaction, a pooler "
        "that lends them for a transaction (PgBouncer's pool_mode)."},
       "none or transaction",
       [](Config& config, const SettingValue& value) {
         const auto* text = std::get_if<std::string>(&value);
         if (text == nullptr || (*text != "none" && *text != "transaction")) return false;
         config.pod.is_database_pooled = *text == "transaction";
         return true;
       },
       [](const Config& c) {
         return std::string(c.pod.is_database_pooled ? "transaction" : "none");
       }});
  all.push_back(
      switch_setting("standby",
                     "Wait, where the database is on a server, while that is away or another pod "
                     "has it, and take over then.",
                     [](Config& c) -> bool& { return c.is_standby; }));
  all.push_back(
      {{"nodes",
        "How many pods the database may have at a time, where it is on a server: one; or "
        "many, which all have this setting."},
       "one or many",
       [](Config& config, const SettingValue& value) {
         const auto* text = std::get_if<std::string>(&value);
         if (text == nullptr || (*text != "one" && *text != "many")) return false;
         config.pod.node.is_one_of_many = *text == "many";
         return true;
       },
       [](const Config& c) { return std::string(c.pod.node.is_one_of_many ? "many" : "one"); }});
  all.push_back(text_of("node_name",
                        "What this one of many nodes is called; else by its machine and port.",
                        "a name", [](Config& c) -> std::string& { return c.pod.node.name; }));
  all.push_back(
      {{"content",
        "Where the text of notes is kept: local, in the data directory; or s3, in a bucket "
        "of an S3 server."},
       "local or s3",
       [](Config& config, const SettingValue& value) {
         const auto* text = std::get_if<std::string>(&value);
         if (text == nullptr || (*text != "local" && *text != "s3")) return false;
         config.pod.content.is_in_s3 = *text == "s3";
         return true;
       },
       [](const Config& c) { return std::string(c.pod.content.is_in_s3 ? "s3" : "local"); }});
  all.push_back(text_of("s3_endpoint",
                        "The address of the S3 server, as https://s3.eu-central-1.amazonaws.com.",
                        "a URL without a path, as http://127.0.0.1:9000",
                        [](Config& c) -> std::string& { return c.pod.content.s3.endpoint; }));
  all.push_back(text_of("s3_bucket", "The bucket that content is kept in; it must be there.",
                        "the name of a bucket",
                        [](Config& c) -> std::string& { return c.pod.content.s3.bucket; }));
  all.push_back(text_of("s3_region", "The region of the bucket, as its server calls it.",
                        "a name, as us-east-1 or auto",
                        [](Config& c) -> std::string& { return c.pod.content.s3.region; }));
  all.push_back(
      text_of("s3_prefix",
              "What stands before the names in the bucket, as pods/ann/; another for each "
              "pod that uses it.",
              "a path with a slash at its end, or nothing",
              [](Config& c) -> std::string& { return c.pod.content.s3.prefix; }));
  all.push_back(text_of("s3_access_key", "The access key of the bucket.", "a key",
                        [](Config& c) -> std::string& { return c.pod.content.s3.access_key; }));
  all.back().info.is_secret = true;
  all.push_back(text_of("s3_access_key_file", "A file that holds the access key.",
                        "the path of a file",
                        [](Config& c) -> std::string& { return c.pod.content.access_key_file; }));
  all.push_back(text_of("s3_secret_key", "The secret key of the bucket.", "a key",
                        [](Config& c) -> std::string& { return c.pod.content.s3.secret_key; }));
  all.back().info.is_secret = true;
  all.push_back(text_of("s3_secret_key_file", "A file that holds the secret key.",
                        "the path of a file",
                        [](Config& c) -> std::string& { return c.pod.content.secret_key_file; }));
  // No switch, which as a flag could not be turned off.
  all.push_back({{"s3_path_style",
                  "Whether the bucket stands in the path of a request (true), or before the host's "
                  "name (false)."},
                 "true or false",
                 [](Config& config, const SettingValue& value) {
                   const auto* is_on = std::get_if<bool>(&value);
                   if (is_on != nullptr) config.pod.content.s3.is_path_style = *is_on;
                   return is_on != nullptr;
                 },
                 [](const Config& c) {
                   return std::string(c.pod.content.s3.is_path_style ? "true" : "false");
                 }});
}

}  // namespace synap::pod

// What the tests of notes and their tags stand on: a pod's rooms with notes, requests and runs.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "features/requests/requests.h"
#include "features/runs/runs.h"

namespace synap::features::notes {

class Notes : public FeatureTest {
 protected:
  Notes()
      : FeatureTest([](const Rooms& rooms) {
          notes::add(rooms);
          requests::add(rooms);
          runs::add(rooms);
        }) {}

  std::string make(std::string text, Json::Object more = {}) {
    Json asked = Json::object({{"content", std::move(text)}});
    for (auto& [key, value] : more) asked.set(key, std::move(value));
    return done("notes.create", std::move(asked))->find("entityId")->as_string();
  }
  Json get(const std::string& id) {
    auto note = call("notes.get", Json::object({{"id", id}}));
    return note ? *note : Json(note.error().message);
  }

  static Json list(std::initializer_list<const char*> names) {
    Json all = Json::array();
    for (const char* name : names) all.push_back(name);
    return all;
  }
  /// How many notes have each tag, once what was written is in that.
  std::string settled_counts(const std::string& user = "ann") {
    Json told;
    SYNAP_CHECK(test::wait_until(executor, database->commits(), [&] {
      told = *call("tags.list", Json::object({}), user);
      return told.find("countsAreStale") == nullptr;
    }));
    return told.find("tags")->dump();
  }
  /// What the completed event of a renaming or removal says.
  std::string retag(const std::string& procedure, Json asked) {
    const auto request = call(procedure, std::move(asked));
    if (!request) return request.error().message;
    const Json which = Json::object({{"requestId", request->string_or("requestId", "")}});
    // The run sleeps in between.
    Json told;
    SYNAP_CHECK(test::wait_until(executor, database->commits(), [&] {
      told = *call("requests.get", which);
      return told.string_or("status", "") != "pending";
    }));
    return told.find("events")->as_array().back().find("data")->dump();
  }
};

}  // namespace synap::features::notes

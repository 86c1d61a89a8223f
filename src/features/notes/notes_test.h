// What the tests of notes and their tags stand on: a pod's rooms with notes, requests and runs.
#pragma once

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
};

}  // namespace synap::features::notes

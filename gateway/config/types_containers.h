// SPDX-License-Identifier: Apache-2.0
// Shapes of lists, mappings by name, optional values and described structs: part of types.h, which is what to
// include.
#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/config/structure.h"
#include "gateway/config/types.h"

namespace sluice::config {

// Ends the process when a description contradicts itself: a bug, found by the first test that binds it.
void verify(const StructShape& shape);

template <class T>
struct ShapeFor<std::vector<T>> {
  static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no elements to bind");
  struct List final : ListShape {
    const Shape& element() const override { return shape_of<T>(); }
    void resize(void* list, std::size_t n) const override {
      auto& v = *static_cast<std::vector<T>*>(list);
      v.clear();
      v.resize(n);
    }
    std::size_t size(const void* list) const override {
      return static_cast<const std::vector<T>*>(list)->size();
    }
    void* at(void* list, std::size_t i) const override { return &(*static_cast<std::vector<T>*>(list))[i]; }
  };
  static const Shape& get() {
    static const List shape;
    return shape;
  }
};

template <class T>
struct ShapeFor<ByName<T>> {
  struct Map final : MapShape {
    const Shape& element() const override { return shape_of<T>(); }
    void reserve(void* map, std::size_t n) const override { static_cast<ByName<T>*>(map)->reserve(n); }
    void* emplace(void* map, std::string_view name) const override {
      return &static_cast<ByName<T>*>(map)->emplace(name);
    }
    std::size_t size(const void* map) const override { return static_cast<const ByName<T>*>(map)->size(); }
    std::string_view name(const void* map, std::size_t i) const override {
      return (*static_cast<const ByName<T>*>(map))[i].first;
    }
    const void* at(const void* map, std::size_t i) const override {
      return &(*static_cast<const ByName<T>*>(map))[i].second;
    }
  };
  static const Shape& get() {
    static const Map shape;
    return shape;
  }
};

template <class T>
struct ShapeFor<std::optional<T>> {
  struct Maybe final : OptionalShape {
    const Shape& content() const override { return shape_of<T>(); }
    void* emplace(void* optional) const override {
      auto& o = *static_cast<std::optional<T>*>(optional);
      if (!o) o.emplace();
      return &*o;
    }
    const void* get(const void* optional) const override {
      auto& o = *static_cast<const std::optional<T>*>(optional);
      return o ? &*o : nullptr;
    }
  };
  static const Shape& get() {
    static const Maybe shape;
    return shape;
  }
};

template <Described T>
struct ShapeFor<T> {
  static const Shape& get() {
    static const StructShape& shape = *make();
    return shape;
  }

 private:
  // Never freed: other shapes refer to it until the process ends.
  static const StructShape* make() {
    auto* shape = new StructShape;
    shape->defaults = std::make_shared<const T>();
    shape->make = [] { return std::shared_ptr<void>(std::make_shared<T>()); };
    Description<T> description(*shape);
    describe(description);
    verify(*shape);
    return shape;
  }
};

}  // namespace sluice::config

// SPDX-License-Identifier: Apache-2.0
// Intrusive doubly linked list: nodes live inside the objects that are listed, so linking never allocates and
// an object leaves its list when it is destroyed. Single-threaded.
#pragma once

namespace sluice::base {

// Derive from ListNode to be listed; one list at a time.
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool linked() const noexcept { return next_ != nullptr; }
  void unlink() noexcept {
    if (!next_) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = nullptr;
  }

 protected:
  ~ListNode() { unlink(); }

 private:
  template <class T>
  friend class List;
  ListNode* next_ = nullptr;
  ListNode* prev_ = nullptr;
};

// Does not own its nodes; nodes still linked when the list dies are left unlinked.
template <class T>
class List {
 public:
  List() { head_.next_ = head_.prev_ = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (pop_front()) {
    }
    head_.next_ = head_.prev_ = nullptr;
  }

  bool empty() const noexcept { return head_.next_ == &head_; }
  void push_back(T& node) noexcept { insert(*head_.prev_, node); }
  void push_front(T& node) noexcept { insert(head_, node); }
  T* front() noexcept { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* back() noexcept { return empty() ? nullptr : static_cast<T*>(head_.prev_); }
  T* pop_front() noexcept {
    T* node = front();
    if (node) static_cast<ListNode*>(node)->unlink();
    return node;
  }
  T* pop_back() noexcept {
    T* node = back();
    if (node) static_cast<ListNode*>(node)->unlink();
    return node;
  }
  // Moves every node of `other` to the end of this list.
  void take_all(List& other) noexcept {
    while (T* node = other.pop_front()) push_back(*node);
  }
  // Calls fn(T&) for each; fn may unlink the node that it was given, no other.
  template <class F>
  void for_each(F&& fn) {
    for (ListNode* n = head_.next_; n != &head_;) {
      ListNode* next = n->next_;
      fn(static_cast<T&>(*n));
      n = next;
    }
  }

 private:
  struct Head : ListNode {};
  static void insert(ListNode& after, ListNode& node) noexcept {
    node.prev_ = &after;
    node.next_ = after.next_;
    after.next_->prev_ = &node;
    after.next_ = &node;
  }
  Head head_;
};

}  // namespace sluice::base

// SPDX-License-Identifier: Apache-2.0
// What the process tells a supervisor that asks for it, as sd_notify(3) describes. Control thread; cold.
#pragma once
#include <sys/types.h>

#include <string_view>

namespace sluice::net {

enum class ProcessState : unsigned char { ready, reloading, stopping };

// Sends the state, and `status` for people, to the socket that NOTIFY_SOCKET names. False when there is none,
// or it cannot be reached: nothing depends on it.
bool tell_supervisor(ProcessState state, std::string_view status = {});

// That another process is the main one of the service from now on, and ready.
bool tell_supervisor_of(pid_t successor);

}  // namespace sluice::net

// TensorFlow's libraries print to the terminal while they are being loaded, before any setting of theirs is read.
// This small addon, loaded first, sends what is written to file descriptor 2 elsewhere for that long.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace {

int saved = -1;

napi_value Boolean(napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}

// redirect(path: string): boolean; false where the file cannot be opened, and then nothing changes.
napi_value Redirect(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (saved >= 0 || napi_get_value_string_utf8(env, argument, nullptr, 0, &length) != napi_ok) return Boolean(env, false);
  std::string path(length + 1, '\0');
  napi_get_value_string_utf8(env, argument, &path[0], length + 1, &length);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Boolean(env, false);
  fflush(stderr);
  saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  const bool done = saved >= 0 && dup2(file, STDERR_FILENO) >= 0;
  close(file);
  return Boolean(env, done);
}

// restore(): puts the terminal back.
napi_value Restore(napi_env env, napi_callback_info) {
  if (saved >= 0) {
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    saved = -1;
  }
  return Boolean(env, true);
}

}  // namespace

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value redirect, restore;
  napi_create_function(env, "redirect", NAPI_AUTO_LENGTH, Redirect, nullptr, &redirect);
  napi_set_named_property(env, exports, "redirect", redirect);
  napi_create_function(env, "restore", NAPI_AUTO_LENGTH, Restore, nullptr, &restore);
  napi_set_named_property(env, exports, "restore", restore);
  return exports;
}

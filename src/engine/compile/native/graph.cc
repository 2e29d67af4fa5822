// What tfjs-node's addon lacks: TensorFlow functions (a whole training step as one call) and the list of devices.
// Linked beside its unchanged sources. Three names are redirected when linking and compiling:
//   napi_register_module_v1 of tfjs_binding.cc is compiled as tfjs_register, so that the entry point is ours;
//   TFE_NewContext is wrapped, since the context is otherwise out of reach;
//   TFE_OpSetAttrString is wrapped, since string attributes arrive as UTF-8 text and a ConfigProto is bytes.
#include <node_api.h>

#include <memory>
#include <string>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"

extern "C" {
TFE_Context* __real_TFE_NewContext(const TFE_ContextOptions* options, TF_Status* status);
void __real_TFE_OpSetAttrString(TFE_Op* op, const char* name, const void* value, size_t length);
napi_value tfjs_register(napi_env env, napi_value exports);
}

namespace {

TFE_Context* context = nullptr;

using Status = std::unique_ptr<TF_Status, decltype(&TF_DeleteStatus)>;
using Graph = std::unique_ptr<TF_Graph, decltype(&TF_DeleteGraph)>;
using Buffer = std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)>;
using ImportOptions = std::unique_ptr<TF_ImportGraphDefOptions, decltype(&TF_DeleteImportGraphDefOptions)>;
using Function = std::unique_ptr<TF_Function, decltype(&TF_DeleteFunction)>;
using DeviceList = std::unique_ptr<TF_DeviceList, decltype(&TF_DeleteDeviceList)>;

int Nibble(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

// Lower-case hexadecimal to bytes; false if it is not that.
bool FromHex(const char* text, size_t length, std::string* bytes) {
  if (length % 2 != 0) return false;
  for (size_t i = 0; i < length; i += 2) {
    const int high = Nibble(text[i]), low = Nibble(text[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes->push_back(static_cast<char>(high * 16 + low));
  }
  return true;
}

// True if all went well; else a JavaScript exception is pending.
bool Check(napi_env env, const Status& status) {
  if (TF_GetCode(status.get()) == TF_OK) return true;
  napi_throw_error(env, nullptr, TF_Message(status.get()));
  return false;
}

std::string Text(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return "";
  std::string text(length + 1, '\0');
  napi_get_value_string_utf8(env, value, &text[0], length + 1, &length);
  text.resize(length);
  return text;
}

// Looks up "node" or "node:3" for each element of a JavaScript array.
bool FindOutputs(napi_env env, TF_Graph* graph, napi_value names, std::vector<TF_Output>* outputs) {
  uint32_t count = 0;
  napi_get_array_length(env, names, &count);
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    napi_get_element(env, names, i, &element);
    const std::string name = Text(env, element);
    const size_t colon = name.find(':');
    TF_Operation* operation = TF_GraphOperationByName(graph, name.substr(0, colon).c_str());
    if (operation == nullptr) {
      napi_throw_error(env, nullptr, ("The graph has no node " + name).c_str());
      return false;
    }
    outputs->push_back({operation, colon == std::string::npos ? 0 : std::stoi(name.substr(colon + 1))});
  }
  return true;
}

// defineFunction(name: string, graphDef: Uint8Array, inputs: string[], outputs: string[]): afterwards executeOp(name, …) runs it.
napi_value DefineFunction(napi_env env, napi_callback_info info) {
  size_t count = 4, length = 0;
  napi_value arguments[4];
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  if (count < 4 ||
      napi_get_typedarray_info(env, arguments[1], nullptr, &length, &data, nullptr, nullptr) != napi_ok) {
    napi_throw_type_error(env, nullptr, "defineFunction takes a name, a GraphDef's bytes, inputs and outputs.");
    return nullptr;
  }
  const std::string name = Text(env, arguments[0]);
  Status status(TF_NewStatus(), TF_DeleteStatus);
  Graph graph(TF_NewGraph(), TF_DeleteGraph);
  Buffer bytes(TF_NewBufferFromString(data, length), TF_DeleteBuffer);
  ImportOptions options(TF_NewImportGraphDefOptions(), TF_DeleteImportGraphDefOptions);
  TF_GraphImportGraphDef(graph.get(), bytes.get(), options.get(), status.get());
  std::vector<TF_Output> inputs, outputs;
  if (!Check(env, status) || !FindOutputs(env, graph.get(), arguments[2], &inputs) ||
      !FindOutputs(env, graph.get(), arguments[3], &outputs)) {
    return nullptr;
  }
  Function function(TF_GraphToFunction(graph.get(), name.c_str(), 0, -1, nullptr, static_cast<int>(inputs.size()),
                                       inputs.data(), static_cast<int>(outputs.size()), outputs.data(), nullptr,
                                       nullptr, nullptr, status.get()),
                    TF_DeleteFunction);
  if (!Check(env, status)) return nullptr;
  TFE_ContextAddFunction(context, function.get(), status.get());
  Check(env, status);
  return nullptr;
}

// removeFunction(name: string)
napi_value RemoveFunction(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value name;
  napi_get_cb_info(env, info, &count, &name, nullptr, nullptr);
  Status status(TF_NewStatus(), TF_DeleteStatus);
  TFE_ContextRemoveFunction(context, Text(env, name).c_str(), status.get());
  Check(env, status);
  return nullptr;
}

// listDevices(): { name: string, type: string, memoryBytes: number }[]
napi_value ListDevices(napi_env env, napi_callback_info) {
  Status status(TF_NewStatus(), TF_DeleteStatus);
  DeviceList devices(TFE_ContextListDevices(context, status.get()), TF_DeleteDeviceList);
  if (!Check(env, status)) return nullptr;
  napi_value list;
  napi_create_array(env, &list);
  for (int i = 0; i < TF_DeviceListCount(devices.get()); i++) {
    napi_value device, name, type, memory;
    napi_create_object(env, &device);
    napi_create_string_utf8(env, TF_DeviceListName(devices.get(), i, status.get()), NAPI_AUTO_LENGTH, &name);
    napi_create_string_utf8(env, TF_DeviceListType(devices.get(), i, status.get()), NAPI_AUTO_LENGTH, &type);
    napi_create_int64(env, TF_DeviceListMemoryBytes(devices.get(), i, status.get()), &memory);
    napi_set_named_property(env, device, "name", name);
    napi_set_named_property(env, device, "type", type);
    napi_set_named_property(env, device, "memoryBytes", memory);
    napi_set_element(env, list, static_cast<uint32_t>(i), device);
  }
  return list;
}

void Add(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

extern "C" TFE_Context* __wrap_TFE_NewContext(const TFE_ContextOptions* options, TF_Status* status) {
  context = __real_TFE_NewContext(options, status);
  return context;
}

// The attribute `config_proto` is written in hexadecimal; every other one passes as it is.
extern "C" void __wrap_TFE_OpSetAttrString(TFE_Op* op, const char* name, const void* value, size_t length) {
  std::string bytes;
  if (std::string(name) == "config_proto" && FromHex(static_cast<const char*>(value), length, &bytes)) {
    __real_TFE_OpSetAttrString(op, name, bytes.data(), bytes.size());
  } else {
    __real_TFE_OpSetAttrString(op, name, value, length);
  }
}

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value returned = tfjs_register(env, exports);
  if (returned == nullptr) returned = exports;
  Add(env, returned, "defineFunction", DefineFunction);
  Add(env, returned, "removeFunction", RemoveFunction);
  Add(env, returned, "listDevices", ListDevices);
  return returned;
}

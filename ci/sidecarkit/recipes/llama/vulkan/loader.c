/* What ggml asks of Vulkan's loader by name; everything else it asks these for. Only linked against, never run. */
void vkGetInstanceProcAddr(void) {}
void vkGetDeviceProcAddr(void) {}
void vkGetPhysicalDeviceFeatures2(void) {}
void vkCmdCopyBuffer(void) {}

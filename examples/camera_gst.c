/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What does a GStreamer pipeline see? A sketch to start from: frames go from an appsink to a classifier as they are,
 * RGB in memory that GStreamer keeps. Whatever gst-launch-1.0 takes before the sink may stand for the camera, its
 * decoders and its scalers on the hardware.
 *
 *     cc camera_gst.c -o camera_gst $(pkg-config --cflags --libs mobilenet gstreamer-app-1.0 gstreamer-video-1.0)
 *     ./camera_gst MODEL.tflite "v4l2src device=/dev/video0"
 *     ./camera_gst MODEL.tflite "videotestsrc num-buffers=10" */
#include <stdio.h>

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <mobilenet_classify.h>

/* No frame waits: where classifying takes longer than a frame lasts, older ones are dropped. */
#define SINK " ! videoconvert ! video/x-raw,format=RGB ! appsink name=sink sync=false max-buffers=1 drop=true"

static mn_status classify(mn_classifier *classifier, GstSample *sample) {
    GstVideoInfo info;
    GstVideoFrame video;
    mn_image *image = NULL;
    mn_class best;
    int32_t count = 0;
    if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
        !gst_video_frame_map(&video, &info, gst_sample_get_buffer(sample), GST_MAP_READ))
        return mn_error_set(MN_ERROR_IO, "a frame cannot be mapped");
    mn_frame frame = MN_INIT(mn_frame);
    frame.width = GST_VIDEO_FRAME_WIDTH(&video);
    frame.height = GST_VIDEO_FRAME_HEIGHT(&video);
    frame.pixels = GST_VIDEO_FRAME_PLANE_DATA(&video, 0);
    frame.stride = GST_VIDEO_FRAME_PLANE_STRIDE(&video, 0);
    mn_status status = mn_image_from_pixels(&frame, &image);
    if (status == MN_OK) status = mn_classify(classifier, image, 1, &best, &count);
    if (status == MN_OK) printf("%6.2f %%  %s\n", 100 * (double)best.probability, best.name);
    mn_image_close(&image);
    gst_video_frame_unmap(&video);
    return status;
}

/* Until the end of the stream, or a failure, which the pipeline tells on its bus. */
static mn_status watch(mn_classifier *classifier, GstElement *pipeline) {
    mn_status status = MN_OK;
    GstMessage *trouble = NULL;
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    GstBus *bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    while (status == MN_OK && !trouble) {
        GstSample *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), GST_SECOND / 10);
        if (sample) {
            status = classify(classifier, sample);
            gst_sample_unref(sample);
        } else {
            trouble = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
        }
    }
    if (trouble && GST_MESSAGE_TYPE(trouble) == GST_MESSAGE_ERROR) {
        GError *error = NULL;
        gst_message_parse_error(trouble, &error, NULL);
        gchar *sentence = g_strconcat(GST_MESSAGE_SRC_NAME(trouble), ": ", error->message, NULL);
        status = mn_error_set(MN_ERROR_IO, sentence);
        g_free(sentence);
        g_error_free(error);
    }
    if (trouble) gst_message_unref(trouble);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(sink);
    return status;
}

int main(int argc, char **argv) {
    mn_model *model = NULL;
    mn_classifier *classifier = NULL;
    GError *error = NULL;
    gst_init(&argc, &argv);
    if (argc != 3) {
        fprintf(stderr, "usage: camera_gst MODEL.tflite \"PIPELINE\"\n");
        return 2;
    }
    gchar *text = g_strconcat(argv[2], SINK, NULL);
    GstElement *pipeline = gst_parse_launch(text, &error);
    g_free(text);
    mn_status status = error ? mn_error_set(MN_ERROR_ARGUMENT, error->message) : MN_OK;
    g_clear_error(&error);
    if (status == MN_OK) status = mn_model_open(argv[1], &model);
    if (status == MN_OK) status = mn_classifier_create(model, NULL, &classifier);
    if (status == MN_OK) status = watch(classifier, pipeline);
    if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
    if (pipeline) gst_object_unref(pipeline);
    mn_classifier_close(&classifier);
    mn_model_close(&model);
    return status == MN_OK ? 0 : 1;
}

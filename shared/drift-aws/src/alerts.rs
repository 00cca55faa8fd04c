use aws_sdk_sns::{Client, types::MessageAttributeValue};
use aws_types::SdkConfig;
use drift_engine::{
    alert::render,
    ports::{Alert, Alerts, PortError},
};
use serde_json::json;

use crate::failure::Call;

/// An SNS topic. E-mail subscribers get the text; queues, functions and HTTPS endpoints get the JSON; every message
/// carries attributes to filter by.
#[derive(Clone, Debug)]
pub struct SnsAlerts {
    client: Client,
    topic: String,
}

impl SnsAlerts {
    /// The topic of that ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, topic: impl Into<String>) -> Self {
        Self { client: Client::new(config), topic: topic.into() }
    }
}

impl SnsAlerts {
    /// How many have confirmed that they want to be told, as far as the first page of them shows: whether it is none is
    /// what matters.
    ///
    /// # Errors
    ///
    /// What the service says.
    pub async fn subscribers(&self) -> Result<usize, PortError> {
        let what = format!("asking who subscribes to {}", self.topic);
        let listed = self.client.list_subscriptions_by_topic().topic_arn(&self.topic).send().await;
        let call = Call { what: &what, action: "sns:ListSubscriptionsByTopic", resource: &self.topic };
        let listed = listed.map_err(|error| call.failed(&error))?;
        // Until it is confirmed, a subscription's ARN reads `PendingConfirmation`.
        let is_confirmed = |arn: Option<&str>| arn.is_some_and(|arn| arn.starts_with("arn:"));
        Ok(listed.subscriptions().iter().filter(|subscription| is_confirmed(subscription.subscription_arn())).count())
    }
}

impl Alerts for SnsAlerts {
    async fn publish(&self, alert: &Alert) -> Result<(), PortError> {
        let rendered = render(alert);
        // Each protocol that is not named gets `default`: machines read JSON, people read text.
        let message = json!({"default": rendered.json, "email": rendered.text, "sms": rendered.subject}).to_string();
        let what = format!("publishing transition {} of {}", alert.transition.id, alert.drift.instance);
        let mut publish = self.client.publish().topic_arn(&self.topic).subject(rendered.subject).message_structure("json").message(message);
        for (name, value) in rendered.attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            let value = value.map_err(|error| PortError::Permanent { what: what.clone(), why: error.to_string() })?;
            publish = publish.message_attributes(name, value);
        }
        let sent = publish.send().await;
        sent.map(|_| ()).map_err(|error| Call { what: &what, action: "sns:Publish", resource: &self.topic }.failed(&error))
    }
}

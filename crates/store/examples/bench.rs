//! throwaway
use downcity_core::attempt::*; use downcity_core::network::Network; use downcity_core::*; use downcity_core::identity::KeyKind;
use downcity_store::*; use std::sync::Arc; use std::sync::atomic::*; use std::time::*;
fn att(n:&str)->Attempt{Attempt{attempt_id:AttemptId::trusted(n.into()),city_id:CityId::trusted("c".into()),provider:"wechat".into(),app_id:"wx".into(),redirect_uri:"https://x.example/cb".into(),return_to:None,challenge:None,lang:Lang::En,starter:Starter{network:Network::parse("192.0.2.1").unwrap(),agent:"Mozilla/5.0 something like that".into(),browser:None},claimed_code:None,finisher:None,stage:Stage::Waiting,created_at:Timestamp(0),expires_at:Timestamp(600000)}}
async fn run<F,W>(label:&str,tasks:usize,w:F) where F:Fn(String)->W+Send+Sync+'static,W:Future<Output=bool>+Send{
 let w=Arc::new(w);let n=Arc::new(AtomicU64::new(0));let bad=Arc::new(AtomicU64::new(0));let end=Instant::now()+Duration::from_secs(2000);let cap=20000/tasks;let t0=Instant::now();
 let hs:Vec<_>=(0..tasks).map(|t|{let(w,n,bad,label)=(w.clone(),n.clone(),bad.clone(),label.to_owned());tokio::spawn(async move{let mut i=0;while i<cap && Instant::now()<end{i+=1;if w(format!("{label}-{tasks}-{t}-{i}")).await{n.fetch_add(1,Ordering::Relaxed);}else{bad.fetch_add(1,Ordering::Relaxed);}}})}).collect();
 for h in hs{h.await.unwrap();}
 println!("{label:12} {tasks:3} tasks {:9.0}/s  failed {}",n.load(Ordering::Relaxed) as f64/t0.elapsed().as_secs_f64(),bad.load(Ordering::Relaxed));
}
#[tokio::main(flavor="multi_thread",worker_threads=2)]
async fn main(){
 for e in std::env::args().skip(1){ let dir=std::env::current_dir().unwrap().join("target/bench-store");let _=std::fs::remove_dir_all(&dir);std::fs::create_dir_all(&dir).unwrap();
 let s=if e=="sqlite"{Store::open_sqlite(&dir.join("b.db")).await.unwrap()}else{Store::open_postgres(&testing::fresh_postgres().await).await.unwrap()};
 println!("== {e}");
 s.insert_city(&City{city_id:CityId::trusted("c".into()),name:"c".into(),status:CityStatus::Active,allowed_origins:vec![],allowed_redirects:vec![],confirm:ConfirmPolicy::Auto,created_at:Timestamp(0),updated_at:Timestamp(0)}).await.unwrap();
 for t in [64]{let s2=s.clone();run("insert",t,move|n|{let s=s2.clone();async move{s.insert_attempt(Digest::of(&n),&att(&n)).await.is_ok()}}).await;}
 for t in [64]{let s2=s.clone();run("read",t,move|_|{let s=s2.clone();async move{matches!(s.attempt_by_state(Digest::of("insert-1-0-1")).await,Ok(Some(_)))}}).await;}
 for t in [64]{let s2=s.clone();run("login",t,move|n|{let s=s2.clone();async move{
   let id=AttemptId::trusted(n.clone());let st=Digest::of(&n);let now=Timestamp(1);
   if s.insert_attempt(st,&att(&n)).await.is_err(){return false;}
   if !matches!(s.claim_attempt(st,st,st,now).await,Ok(Some(_))){return false;}
   let key=|kind,scope:&str,p:&str|IdentityKey{kind,scope:scope.into(),value:format!("{p}{n}")};
   let r=s.complete_sign_in(&SignIn{attempt_id:id.clone(),identity:ExternalIdentity{provider:"wechat".into(),keys:vec![key(KeyKind::Unionid,"","u"),key(KeyKind::Openid,"wx","o")],profile:Profile::default()},user_id:UserId::trusted(n.clone()),identity_id:IdentityId::trusted(n.clone()),now}).await;
   let Ok(Completed::SignedIn{user_id,..})=r else{ if let Err(e)=r {eprintln!("{e}");} return false;};
   let net=Network::parse("192.0.2.1").unwrap();
   let new=NewSession{sid:st,session:Session{session_id:SessionId::trusted(n.clone()),user_id,city_id:CityId::trusted("c".into()),provider:"wechat".into(),metadata:None,created_at:now,expires_at:Timestamp(1000000),revoked_at:None},network:net,agent:"UA".into()};
   matches!(s.collect(&id,net,now,&new).await,Ok(Collected::First(_)))
 }}).await;}
 s.close().await;
 }}
